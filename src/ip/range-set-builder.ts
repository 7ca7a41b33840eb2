import { type Family, wordsOf } from './family.js';
import { RangeSet } from './range-set.js';
import { compareWords, copyWords, isSuccessor, wordAt } from './words.js';

/** Collects ranges in any order, overlapping or not, and makes a RangeSet of them. */
export class RangeSetBuilder {
  readonly family: Family;
  readonly #words: 1 | 4;
  #firsts: Uint32Array;
  #lasts: Uint32Array;
  #used = 0;

  constructor(family: Family, capacity = 16) {
    this.family = family;
    this.#words = wordsOf(family);
    this.#firsts = new Uint32Array(capacity * this.#words);
    this.#lasts = new Uint32Array(capacity * this.#words);
  }

  /** Adds the range from `firsts[i…]` to `lasts[j…]`, both included, first ≤ last. */
  add(firsts: Uint32Array, i: number, lasts: Uint32Array, j: number): void {
    if (this.#used === this.#firsts.length) {
      this.#firsts = grown(this.#firsts);
      this.#lasts = grown(this.#lasts);
    }
    copyWords(firsts, i, this.#firsts, this.#used, this.#words);
    copyWords(lasts, j, this.#lasts, this.#used, this.#words);
    this.#used += this.#words;
  }

  addSet(set: RangeSet): void {
    for (let i = 0; i < set.firsts.length; i += set.words) this.add(set.firsts, i, set.lasts, i);
  }

  build(): RangeSet {
    return rangeSetFromColumns(
      this.family,
      this.#firsts.subarray(0, this.#used),
      this.#lasts.subarray(0, this.#used),
    );
  }
}

function grown(array: Uint32Array): Uint32Array {
  const larger = new Uint32Array(Math.max(64, array.length * 2));
  larger.set(array);
  return larger;
}

/** Sorts and merges ranges given in columns (in any order, overlapping or not). */
export function rangeSetFromColumns(
  family: Family,
  firsts: Uint32Array,
  lasts: Uint32Array,
): RangeSet {
  const words = wordsOf(family);
  const order = sortedOrder(firsts, words);
  const count = firsts.length / words;
  const outFirsts = new Uint32Array(firsts.length);
  const outLasts = new Uint32Array(firsts.length);
  let end = -words; // offset of the last range written
  for (let k = 0; k < count; k++) {
    const i = (order ? wordAt(order, k) : k) * words;
    if (end >= 0 && touches(outLasts, end, firsts, i, words)) {
      if (compareWords(lasts, i, outLasts, end, words) > 0) {
        copyWords(lasts, i, outLasts, end, words);
      }
    } else {
      end += words;
      copyWords(firsts, i, outFirsts, end, words);
      copyWords(lasts, i, outLasts, end, words);
    }
  }
  return new RangeSet(family, outFirsts.slice(0, end + words), outLasts.slice(0, end + words));
}

/** Whether a range that starts at b[j…] overlaps or adjoins one that ends at a[i…]. */
function touches(a: Uint32Array, i: number, b: Uint32Array, j: number, words: number): boolean {
  return compareWords(b, j, a, i, words) <= 0 || isSuccessor(a, i, b, j, words);
}

/**
 * Indices of the ranges in ascending order of their start, or undefined where they are sorted.
 * A natural merge sort: what comes here is mostly a few sorted files, one behind the other.
 */
function sortedOrder(firsts: Uint32Array, words: number): Uint32Array | undefined {
  let runs = runsOf(firsts, words);
  if (runs.length <= 2) return undefined;
  const count = firsts.length / words;
  let order = new Uint32Array(count);
  for (let k = 0; k < count; k++) order[k] = k;
  let merged = new Uint32Array(count);
  while (runs.length > 2) {
    const longer: number[] = [0];
    for (let run = 0; run + 1 < runs.length; run += 2) {
      const [start, middle] = [runs[run] as number, runs[run + 1] as number];
      const end = runs[run + 2] ?? middle;
      mergeRuns(firsts, words, order, start, middle, end, merged);
      longer.push(end);
    }
    runs = longer;
    [order, merged] = [merged, order];
  }
  return order;
}

/** Where each ascending run begins, as indices of ranges, and where the last one ends. */
function runsOf(firsts: Uint32Array, words: number): number[] {
  const runs = [0];
  for (let i = words; i < firsts.length; i += words) {
    if (compareWords(firsts, i - words, firsts, i, words) > 0) runs.push(i / words);
  }
  if (firsts.length > 0) runs.push(firsts.length / words);
  return runs;
}

/** Merges order[start…middle) and order[middle…end), each ascending, into the same place of `out`. */
function mergeRuns(
  firsts: Uint32Array,
  words: number,
  order: Uint32Array,
  start: number,
  middle: number,
  end: number,
  out: Uint32Array,
): void {
  let left = start;
  let right = middle;
  for (let k = start; k < end; k++) {
    const takeLeft =
      right === end ||
      (left < middle &&
        compareWords(
          firsts,
          wordAt(order, left) * words,
          firsts,
          wordAt(order, right) * words,
          words,
        ) <= 0);
    out[k] = wordAt(order, takeLeft ? left++ : right++);
  }
}
