import { formatWords } from '../../ip/address.js';
import { type AddressSet, addressSetOf, differenceOf, setOfFamily } from '../../ip/address-set.js';
import { bitsOf } from '../../ip/family.js';
import { type AddressRange, parseRange } from '../../ip/notation.js';
import { PRIVATE_RANGES } from '../../ip/private-ranges.js';
import type { RangeSet } from '../../ip/range-set.js';
import { compareWords, sizeExponent } from '../../ip/words.js';
import type { Entry } from '../manual.js';
import type { FeedLimits } from './feed.js';
import { type FeedLine, isFault } from './feed-line.js';

/** What is taken of a download. */
export interface TakenLines {
  readonly lines: readonly FeedLine[];
  /** Entries that are too large. */
  readonly tooLarge: readonly Entry[];
  /** How many entries are private, wholly or in part. */
  readonly privateCount: number;
}

/**
 * Addresses that a publisher's list may rightly hold (FireHOL's level 1 does) and that never
 * come from the internet, but are neighbours, loopback, or a host that has no address yet: `this
 * network` (RFC 1122), multicast and what is reserved (RFC 1112, 4291).
 */
const SPECIAL = ['0.0.0.0/8', '224.0.0.0-255.255.255.255', '::', 'ff00::/8'];

const NOT_TAKEN: AddressSet = addressSetOf([
  ...SPECIAL.map(rangeOf),
  ...rangesOf(PRIVATE_RANGES.v4),
  ...rangesOf(PRIVATE_RANGES.v6),
]);

/**
 * Leaves out what would do harm: networks that are too large, and, unless they are asked for,
 * private addresses, which are also cut out of larger networks.
 */
export function takeLines(
  lines: readonly FeedLine[],
  limits: Pick<FeedLimits, 'minPrefix' | 'takesPrivate'>,
): TakenLines {
  const taken: FeedLine[] = [];
  const tooLarge: Entry[] = [];
  let privateCount = 0;
  for (const line of lines) {
    if (isFault(line)) {
      taken.push(line);
      continue;
    }
    const isPrivate = !limits.takesPrivate && meets(line.range, NOT_TAKEN);
    const rest = isPrivate ? withoutPrivate(line) : [line];
    if (rest.length > 0 && isTooLarge(line.range, limits)) {
      tooLarge.push(line);
      continue;
    }
    if (isPrivate) privateCount++;
    taken.push(...rest);
  }
  return { lines: taken, tooLarge, privateCount };
}

function isTooLarge(range: AddressRange, { minPrefix }: Pick<FeedLimits, 'minPrefix'>): boolean {
  const { family, first, last } = range;
  const exponent = sizeExponent(first, 0, last, 0, first.length);
  return exponent > bitsOf(family) - minPrefix[family];
}

/** The parts of an entry that are not private. */
function withoutPrivate(entry: Entry): Entry[] {
  const { family } = entry.range;
  const rest = setOfFamily(differenceOf(addressSetOf([entry.range]), NOT_TAKEN), family);
  return rangesOf(rest).map((range) => {
    const [first, last] = [formatWords(family, range.first), formatWords(family, range.last)];
    return { ...entry, range, text: first === last ? first : `${first}-${last}` };
  });
}

function meets({ family, first, last }: AddressRange, set: AddressSet): boolean {
  const { firsts, lasts, length } = setOfFamily(set, family);
  const words = first.length;
  for (let k = 0; k < length; k++) {
    const isApart =
      compareWords(lasts, k * words, first, 0, words) < 0 ||
      compareWords(firsts, k * words, last, 0, words) > 0;
    if (!isApart) return true;
  }
  return false;
}

function rangesOf({ family, words, firsts, lasts, length }: RangeSet): AddressRange[] {
  return Array.from({ length }, (_, k) => ({
    family,
    first: firsts.slice(k * words, (k + 1) * words),
    last: lasts.slice(k * words, (k + 1) * words),
  }));
}

/** @throws Error for a text that is no range: the table above is wrong */
function rangeOf(text: string): AddressRange {
  const range = parseRange(text);
  if ('expected' in range) throw new Error(`${text}: expected ${range.expected}`);
  return range;
}
