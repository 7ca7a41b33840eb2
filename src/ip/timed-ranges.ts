import { type Family, wordsOf } from './family.js';
import type { RangeSet } from './range-set.js';
import { rangeSetFromColumns } from './range-set-builder.js';
import { compareWords, copyWords, decrement, increment, isSuccessor } from './words.js';

/** The end of what has none. */
export const NEVER = Infinity;

/**
 * Disjoint ranges of one family, ascending, each with the time at which it ends: range `i` runs
 * from `firsts[i·words…]` to `lasts[i·words…]` and ends at `endsMs[i]`, milliseconds since 1970,
 * or `NEVER`. Two ranges may touch. Never changed once made.
 */
export class TimedRanges {
  readonly family: Family;
  readonly words: 1 | 4;
  /** Number of ranges. */
  readonly length: number;
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
  readonly endsMs: Float64Array;

  /** Takes columns that are ascending and disjoint already. */
  constructor(family: Family, firsts: Uint32Array, lasts: Uint32Array, endsMs: Float64Array) {
    this.family = family;
    this.words = wordsOf(family);
    this.length = endsMs.length;
    this.firsts = firsts;
    this.lasts = lasts;
    this.endsMs = endsMs;
  }

  /** The same addresses, for ever. */
  static permanent({ family, firsts, lasts, length }: RangeSet): TimedRanges {
    return new TimedRanges(family, firsts, lasts, new Float64Array(length).fill(NEVER));
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  endOf(i: number): number {
    return this.endsMs[i] as number;
  }

  /** Those ranges that a test of their end keeps. */
  filter(keep: (endMs: number, i: number) => boolean): TimedRanges {
    const builder = new TimedRangesBuilder(this.family);
    for (let i = 0; i < this.length; i++) {
      const at = i * this.words;
      if (keep(this.endOf(i), i)) builder.add(this.firsts, at, this.lasts, at, this.endOf(i));
    }
    return builder.build();
  }

  /** Those that have not ended at a time. */
  inForce(nowMs: number): TimedRanges {
    return this.filter((endMs) => nowMs < endMs);
  }

  /** The addresses, whenever they end. */
  addresses(): RangeSet {
    return rangeSetFromColumns(this.family, this.firsts, this.lasts);
  }
}

/** Collects ranges that come ascending and disjoint. */
export class TimedRangesBuilder {
  readonly #family: Family;
  readonly #words: 1 | 4;
  readonly #firsts: number[] = [];
  readonly #lasts: number[] = [];
  readonly #endsMs: number[] = [];

  constructor(family: Family) {
    this.#family = family;
    this.#words = wordsOf(family);
  }

  add(firsts: Uint32Array, i: number, lasts: Uint32Array, j: number, endMs: number): void {
    for (let k = 0; k < this.#words; k++) {
      this.#firsts.push(firsts[i + k] as number);
      this.#lasts.push(lasts[j + k] as number);
    }
    this.#endsMs.push(endMs);
  }

  /** As `add`, but a range that touches the one before and ends with it makes that one longer. */
  extend(first: Uint32Array, last: Uint32Array, endMs: number): void {
    const before = this.#lasts.slice(-this.#words);
    const touches =
      this.#endsMs.at(-1) === endMs &&
      isSuccessor(Uint32Array.from(before), 0, first, 0, this.#words);
    if (!touches) this.add(first, 0, last, 0, endMs);
    else this.#lasts.splice(-this.#words, this.#words, ...last.subarray(0, this.#words));
  }

  build(): TimedRanges {
    return new TimedRanges(
      this.#family,
      Uint32Array.from(this.#firsts),
      Uint32Array.from(this.#lasts),
      Float64Array.from(this.#endsMs),
    );
  }
}

/**
 * Tells the pieces of which two lists of ranges are made, ascending: each with its end in both,
 * undefined in one that does not hold it. The arrays are reused between calls.
 */
export function overlay(
  a: TimedRanges,
  b: TimedRanges,
  visit: (
    first: Uint32Array,
    last: Uint32Array,
    endA: number | undefined,
    endB: number | undefined,
  ) => void,
): void {
  const n = a.words;
  const here = new Uint32Array(n); // nothing below it is left
  const last = new Uint32Array(n);
  const [startA, startB] = [new Uint32Array(n), new Uint32Array(n)];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const hasA = startOf(a, i, here, startA);
    const hasB = startOf(b, j, here, startB);
    const order = !hasA ? 1 : !hasB ? -1 : compareWords(startA, 0, startB, 0, n);
    const first = order <= 0 ? startA : startB;
    if (order < 0) endBefore(a.lasts, i * n, hasB ? startB : undefined, last);
    else if (order > 0) endBefore(b.lasts, j * n, hasA ? startA : undefined, last);
    else smaller(a.lasts, i * n, b.lasts, j * n, last);
    visit(first, last, order <= 0 ? a.endOf(i) : undefined, order >= 0 ? b.endOf(j) : undefined);
    if (hasA && compareWords(a.lasts, i * n, last, 0, n) <= 0) i++;
    if (hasB && compareWords(b.lasts, j * n, last, 0, n) <= 0) j++;
    copyWords(last, 0, here, 0, n);
    if (!increment(here, 0, n)) return;
  }
}

/** Where range `i` begins, or goes on; false where there is none. */
function startOf(ranges: TimedRanges, i: number, here: Uint32Array, start: Uint32Array): boolean {
  const { words: n, firsts } = ranges;
  if (i >= ranges.length) return false;
  if (compareWords(firsts, i * n, here, 0, n) < 0) copyWords(here, 0, start, 0, n);
  else copyWords(firsts, i * n, start, 0, n);
  return true;
}

/** The last address of a range, or the one before where the other list begins. */
function endBefore(
  lasts: Uint32Array,
  i: number,
  other: Uint32Array | undefined,
  out: Uint32Array,
): void {
  const n = out.length;
  copyWords(lasts, i, out, 0, n);
  if (other === undefined || compareWords(other, 0, lasts, i, n) > 0) return;
  copyWords(other, 0, out, 0, n);
  decrement(out, 0, n);
}

function smaller(a: Uint32Array, i: number, b: Uint32Array, j: number, out: Uint32Array): void {
  const n = out.length;
  if (compareWords(a, i, b, j, n) <= 0) copyWords(a, i, out, 0, n);
  else copyWords(b, j, out, 0, n);
}

/** The addresses of both, each until the earlier end. */
export function intersectTimed(a: TimedRanges, b: TimedRanges): TimedRanges {
  const builder = new TimedRangesBuilder(a.family);
  overlay(a, b, (first, last, endA, endB) => {
    if (endA !== undefined && endB !== undefined) builder.extend(first, last, Math.min(endA, endB));
  });
  return builder.build();
}
