import { type RangeColumns, compare } from './ranges.js';

export interface Difference {
  readonly remove: RangeColumns;
  readonly add: RangeColumns;
}

/**
 * What turns one list of ranges into another, range by range: a range of both is left alone,
 * so that it keeps its counter and its timeout. A range that became longer or shorter is
 * removed as it was and added as it shall be, as nf_tables needs it.
 */
export function exactDifference(
  held: RangeColumns,
  wanted: RangeColumns,
  words: 1 | 4,
): Difference {
  const remove = new Chosen(held, words);
  const add = new Chosen(wanted, words);
  let i = 0;
  let j = 0;
  while (i < held.firsts.length || j < wanted.firsts.length) {
    const order = compareRanges(held, i, wanted, j, words);
    if (order < 0) remove.take(i);
    if (order > 0) add.take(j);
    if (order <= 0) i += words;
    if (order >= 0) j += words;
  }
  return { remove: remove.columns, add: add.columns };
}

/** By first address, then by last; whatever is at an end comes after everything. */
function compareRanges(
  a: RangeColumns,
  i: number,
  b: RangeColumns,
  j: number,
  words: 1 | 4,
): number {
  if (i >= a.firsts.length) return 1;
  if (j >= b.firsts.length) return -1;
  return compare(a.firsts, i, b.firsts, j, words) || compare(a.lasts, i, b.lasts, j, words);
}

/** Some ranges of a list, in its order. */
class Chosen {
  readonly #from: RangeColumns;
  readonly #words: 1 | 4;
  readonly #places: number[] = [];

  constructor(from: RangeColumns, words: 1 | 4) {
    this.#from = from;
    this.#words = words;
  }

  take(place: number): void {
    this.#places.push(place);
  }

  get columns(): RangeColumns {
    const words = this.#words;
    const firsts = new Uint32Array(this.#places.length * words);
    const lasts = new Uint32Array(this.#places.length * words);
    this.#places.forEach((place, i) => {
      firsts.set(this.#from.firsts.subarray(place, place + words), i * words);
      lasts.set(this.#from.lasts.subarray(place, place + words), i * words);
    });
    return { firsts, lasts };
  }
}
