import { IPSET_MAX_ELEMENTS } from '../../formats/ipset.js';
import { forEachPrefixText, withoutZeroLength } from '../../formats/text.js';
import { subtract } from '../../ip/algebra.js';
import type { Family } from '../../ip/family.js';
import { parseRange } from '../../ip/notation.js';
import { flatten, type TimedRange } from '../../ip/flatten.js';
import { RangeSet } from '../../ip/range-set.js';
import { RangeSetBuilder } from '../../ip/range-set-builder.js';
import { NEVER, type TimedRanges } from '../../ip/timed-ranges.js';
import { UsageError } from '../../util/errors.js';
import { kernelEnd } from './set-timeouts.js';

/** A set as the kernel holds it. */
export interface HeldSet {
  /** Whether it is of the type and family that we make. */
  readonly isOurType: boolean;
  readonly ranges: RangeSet;
  /** With their ends, where members may have such. */
  readonly timed?: TimedRanges;
}

/**
 * Reads what `ipset save NAME` prints; pure. Entries that say `nomatch` count as holes.
 *
 * @param nowMs when it was printed
 */
export function readSavedSet(text: string, family: Family, nowMs: number): HeldSet {
  const members = new RangeSetBuilder(family);
  const holes = new RangeSetBuilder(family);
  const ends: TimedRange[] = [];
  let isOurType = false;
  let isTimed = false;
  for (const line of text.split('\n')) {
    const [verb, , member = '', ...options] = line.split(' ');
    if (verb === 'create') {
      isOurType =
        member === 'hash:net' &&
        valueOf(options, 'family') === familyName(family) &&
        (!options.includes('timeout') || valueOf(options, 'timeout') === '0');
      isTimed = options.includes('timeout');
    } else if (verb === 'add') {
      const range = parseRange(member);
      if ('expected' in range || range.family !== family) continue; // of another type
      const into = options.includes('nomatch') ? holes : members;
      into.add(range.first, 0, range.last, 0);
      const seconds = Number(valueOf(options, 'timeout') ?? 0);
      const endMs = seconds === 0 ? NEVER : nowMs + seconds * 1000;
      if (into === members) ends.push({ first: range.first, last: range.last, endMs });
    }
  }
  const gaps = holes.build();
  const ranges = subtract(members.build(), gaps);
  if (!isTimed) return { isOurType, ranges };
  // with a hole in it, it is not ours any more, and is made anew
  return { isOurType, ranges, timed: flatten(family, gaps.isEmpty ? ends : []) };
}

function valueOf(options: readonly string[], name: string): string | undefined {
  const at = options.indexOf(name);
  return at < 0 ? undefined : options[at + 1];
}

function familyName(family: Family): string {
  return family === 4 ? 'inet' : 'inet6';
}

/** What a set is to hold. */
export interface SetContents {
  readonly name: string;
  readonly ranges: RangeSet;
  /** When they end, where any may: all that was ever named, what has ended too. */
  readonly timed?: TimedRanges;
}

/** A line that adds a member, and when that ends: seconds since 1970, undefined for never. */
export interface TimedLine {
  readonly line: string;
  readonly until: number | undefined;
}

/** `add` lines with what is left of each; none for what has ended. Pure. */
export function timedLines(name: string, timed: TimedRanges, nowMs: number): TimedLine[] {
  const { family, firsts, lasts, words } = timed;
  const lines: TimedLine[] = [];
  for (let i = 0; i < timed.length; i++) {
    const endMs = timed.endOf(i);
    if (endMs <= nowMs) continue;
    const [from, to] = [i * words, (i + 1) * words];
    const range = new RangeSet(family, firsts.slice(from, to), lasts.slice(from, to));
    const until = endMs === NEVER ? undefined : Math.ceil(endMs / 1000);
    const seconds = Math.ceil((kernelEnd(endMs, nowMs) - nowMs) / 1000);
    const timeout = until === undefined ? '' : ` timeout ${seconds}`;
    for (const line of addLines(name, range)) lines.push({ line: line + timeout, until });
  }
  return lines;
}

function addLines(name: string, ranges: RangeSet): string[] {
  const lines: string[] = [];
  forEachPrefixText(ranges, (text) => {
    // hash:net refuses /0
    for (const prefix of withoutZeroLength(text)) lines.push(`add ${name} ${prefix}`);
  });
  return lines;
}

/** Wanted fill of the hash table, so that it need not grow while it is filled. */
const ELEMENTS_PER_BUCKET = 4;
const SMALLEST_HASH = 64;
/** What ipset itself takes where nothing is said. */
const SMALLEST_LIMIT = 2 ** 16;

/**
 * `create` and `add` lines for `ipset restore` that make a set of these ranges; pure.
 *
 * @throws UsageError where there are more prefixes than any set of ours may hold
 */
export function newSetLines({ name, ranges, timed }: SetContents, nowMs: number): string[] {
  const adding = timed
    ? timedLines(name, timed, nowMs).map(({ line }) => line)
    : addLines(name, ranges);
  if (adding.length > IPSET_MAX_ELEMENTS) {
    throw new UsageError(
      `a list has ${adding.length} prefixes; expected at most ${IPSET_MAX_ELEMENTS}, which is ` +
        'what an ipset of ours takes: divide the list, or use nftables',
    );
  }
  const hash = Math.max(SMALLEST_HASH, powerOfTwoFrom(adding.length / ELEMENTS_PER_BUCKET));
  const limits = { hash, limit: limitFor(adding.length) };
  return [createLine(name, ranges.family, limits, timed !== undefined), ...adding];
}

/** The line that makes an empty set, which is to be swapped with a full one. */
export function emptySetLine({ name, ranges, timed }: SetContents): string {
  const limits = { hash: SMALLEST_HASH, limit: SMALLEST_LIMIT };
  return createLine(name, ranges.family, limits, timed !== undefined);
}

function createLine(
  name: string,
  family: Family,
  { hash, limit }: { hash: number; limit: number },
  isTimed: boolean,
): string {
  const limits = `hashsize ${hash} maxelem ${limit}`;
  const timeout = isTimed ? ' timeout 0' : '';
  return `create ${name} hash:net family ${familyName(family)} ${limits}${timeout}`;
}

/**
 * The limit of a set: a power of two with room for half as many elements again, so that single
 * addresses can be added. A list that outgrows it is swapped in as a set with another limit.
 */
function limitFor(count: number): number {
  return Math.min(IPSET_MAX_ELEMENTS, Math.max(SMALLEST_LIMIT, powerOfTwoFrom(count * 1.5)));
}

function powerOfTwoFrom(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}
