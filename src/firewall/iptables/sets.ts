import { IPSET_MAX_ELEMENTS } from '../../formats/ipset.js';
import { forEachPrefixText, withoutZeroLength } from '../../formats/text.js';
import { subtract } from '../../ip/algebra.js';
import type { Family } from '../../ip/family.js';
import { parseRange } from '../../ip/notation.js';
import type { RangeSet } from '../../ip/range-set.js';
import { RangeSetBuilder } from '../../ip/range-set-builder.js';
import { UsageError } from '../../util/errors.js';

/** A set as the kernel holds it. */
export interface HeldSet {
  /** Whether it is of the type and family that we make. */
  readonly isOurType: boolean;
  readonly ranges: RangeSet;
}

/** Reads what `ipset save NAME` prints; pure. Entries that say `nomatch` count as holes. */
export function readSavedSet(text: string, family: Family): HeldSet {
  const members = new RangeSetBuilder(family);
  const holes = new RangeSetBuilder(family);
  let isOurType = false;
  for (const line of text.split('\n')) {
    const [verb, , member = '', ...options] = line.split(' ');
    if (verb === 'create') {
      isOurType =
        member === 'hash:net' &&
        options[options.indexOf('family') + 1] === familyName(family) &&
        !options.includes('timeout');
    } else if (verb === 'add') {
      const range = parseRange(member);
      if ('expected' in range || range.family !== family) continue; // of another type
      const into = options.includes('nomatch') ? holes : members;
      into.add(range.first, 0, range.last, 0);
    }
  }
  return { isOurType, ranges: subtract(members.build(), holes.build()) };
}

export function familyName(family: Family): string {
  return family === 4 ? 'inet' : 'inet6';
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
export function newSetLines(name: string, ranges: RangeSet): string[] {
  const adding: string[] = [];
  forEachPrefixText(ranges, (text) => {
    // hash:net refuses /0
    for (const prefix of withoutZeroLength(text)) adding.push(`add ${name} ${prefix}`);
  });
  if (adding.length > IPSET_MAX_ELEMENTS) {
    throw new UsageError(
      `a list has ${adding.length} prefixes; expected at most ${IPSET_MAX_ELEMENTS}, which is ` +
        'what an ipset of ours takes: divide the list, or use nftables',
    );
  }
  const hash = Math.max(SMALLEST_HASH, powerOfTwoFrom(adding.length / ELEMENTS_PER_BUCKET));
  return [createLine(name, ranges.family, hash, limitFor(adding.length)), ...adding];
}

/** The line that makes an empty set, which is to be swapped with a full one. */
export function emptySetLine(name: string, family: Family): string {
  return createLine(name, family, SMALLEST_HASH, SMALLEST_LIMIT);
}

function createLine(name: string, family: Family, hash: number, limit: number): string {
  const limits = `hashsize ${hash} maxelem ${limit}`;
  return `create ${name} hash:net family ${familyName(family)} ${limits}`;
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
