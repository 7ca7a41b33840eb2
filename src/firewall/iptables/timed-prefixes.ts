import { formatWords } from '../../ip/address.js';
import type { Family } from '../../ip/family.js';
import { RangeSet } from '../../ip/range-set.js';
import { NEVER, TimedRanges } from '../../ip/timed-ranges.js';
import type { PrefixSource } from '../../formats/prefix-chains.js';

/** The last second that a rule can name (xt_time counts in 32 bits): 2038-01-19. */
const LAST_SECOND = 2 ** 31 - 1;

/** The prefixes of ranges that end, none of which holds addresses with two ends. */
export class TimedPrefixes implements PrefixSource {
  readonly family: Family;
  readonly words: 1 | 4;
  readonly #timed: TimedRanges;

  constructor(timed: TimedRanges) {
    this.family = timed.family;
    this.words = timed.words;
    this.#timed = timed;
  }

  countPrefixes(): number {
    let total = 0;
    this.forEachPrefix(() => {
      total++;
    });
    return total;
  }

  forEachPrefix(visit: (words: Uint32Array, length: number) => void): void {
    for (let i = 0; i < this.#timed.length; i++) this.#range(i).forEachPrefix(visit);
  }

  /** What a rule for a prefix says besides; prefixes that never end are not among them. */
  timeMatches(): Map<string, string> {
    const matches = new Map<string, string>();
    for (let i = 0; i < this.#timed.length; i++) {
      const match = timeMatch(this.#timed.endOf(i));
      if (match === '') continue;
      this.#range(i).forEachPrefix((words, length) => {
        matches.set(`${formatWords(this.family, words)}/${length}`, match);
      });
    }
    return matches;
  }

  #range(i: number): RangeSet {
    const { firsts, lasts, words } = this.#timed;
    const [from, to] = [i * words, (i + 1) * words];
    return new RangeSet(this.family, firsts.slice(from, to), lasts.slice(from, to));
  }
}

/** The same, but what ends later than a rule can say never does. */
export function sayableEnds(timed: TimedRanges): TimedRanges {
  const endsMs = timed.endsMs.map((endMs) => (lastSecond(endMs) > LAST_SECOND ? NEVER : endMs));
  return new TimedRanges(timed.family, timed.firsts, timed.lasts, endsMs);
}

function lastSecond(endMs: number): number {
  return Math.max(0, Math.ceil(endMs / 1000) - 1);
}

/** Matches until the second before the end, in UTC (iptables-extensions(8), time). */
function timeMatch(endMs: number): string {
  if (endMs === NEVER) return '';
  return ` -m time --datestop ${new Date(lastSecond(endMs) * 1000).toISOString().slice(0, 19)}`;
}

/** The end that a rule names; undefined: it names none. */
export function endOf(stop: string | undefined): number {
  return stop === undefined ? NEVER : Date.parse(`${stop}Z`) + 1000;
}
