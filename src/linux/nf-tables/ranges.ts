import type { TableFamily } from './constants.js';

/**
 * Inclusive ranges of addresses in two columns: range `i` runs from `firsts[i·words…]` to
 * `lasts[i·words…]`, each address `words` numbers of 32 bits with the most significant first.
 * Ascending and disjoint; two ranges may touch.
 */
export interface RangeColumns {
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
}

/** Where the ranges of a set are, or belong. */
export interface SetName {
  readonly table: string;
  readonly set: string;
  /** Of the table; `inet` if left out. */
  readonly family?: TableFamily;
  /** Numbers an address: 1 for a set of `ipv4_addr`, 4 for one of `ipv6_addr`. */
  readonly words: 1 | 4;
}

/** As in `set kr_v4 of table inet sekisho`. */
export function setTitle({ table, set, family = 'inet' }: SetName): string {
  return `set ${set} of table ${family} ${table}`;
}

/** @throws RangeError where the columns are not what {@link RangeColumns} says: a defect */
export function checkRanges({ firsts, lasts }: RangeColumns, words: 1 | 4, place: string): void {
  if (firsts.length !== lasts.length || firsts.length % words !== 0) {
    const found = `${firsts.length} and ${lasts.length} numbers`;
    throw new RangeError(`${place}: columns of ${found}; expected equal multiples of ${words}`);
  }
  if (words === 1 && isAscending(firsts, lasts)) return;
  for (let i = 0; i < firsts.length; i += words) {
    if (compare(firsts, i, lasts, i, words) > 0) {
      const range = rangeText(firsts, lasts, i, words);
      throw new RangeError(`${place}: range ${range} ends before it begins`);
    }
    if (i > 0 && compare(lasts, i - words, firsts, i, words) >= 0) {
      const range = rangeText(firsts, lasts, i, words);
      const before = rangeText(firsts, lasts, i - words, words);
      throw new RangeError(`${place}: range ${range} is not above ${before} before it`);
    }
  }
}

/** The usual case of one number an address, in a tenth of the time. */
function isAscending(firsts: Uint32Array, lasts: Uint32Array): boolean {
  let before = -1;
  for (let i = 0; i < firsts.length; i++) {
    const first = firsts[i] as number;
    const last = lasts[i] as number;
    if (first <= before || last < first) return false;
    before = last;
  }
  return true;
}

/** Negative, 0 or positive, as address `a[i…]` is below, equal to or above `b[j…]`. */
export function compare(
  a: Uint32Array,
  i: number,
  b: Uint32Array,
  j: number,
  words: 1 | 4,
): number {
  for (let k = 0; k < words; k++) {
    const difference = (a[i + k] as number) - (b[j + k] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The range at index `i` of the columns as text: `first-last`, or one address. */
export function rangeText(
  firsts: Uint32Array,
  lasts: Uint32Array,
  i: number,
  words: 1 | 4,
): string {
  const first = addressText(firsts, i, words);
  const last = addressText(lasts, i, words);
  return first === last ? first : `${first}-${last}`;
}

/** Dotted quad, or eight groups; for messages, so the shortest form of RFC 5952 does not matter. */
function addressText(columns: Uint32Array, i: number, words: 1 | 4): string {
  const address = columns.subarray(i, i + words);
  if (words === 1) {
    const word = address[0] as number;
    return [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff).join('.');
  }
  const groups = [...address].flatMap((word) => [word >>> 16, word & 0xffff]);
  return groups.map((group) => group.toString(16)).join(':');
}
