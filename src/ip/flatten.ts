import { type Family, wordsOf } from './family.js';
import { type TimedRanges, TimedRangesBuilder } from './timed-ranges.js';
import { compareWords, copyWords, decrement, increment } from './words.js';

/** A range, and when it ends: milliseconds since 1970, or `NEVER`. */
export interface TimedRange {
  readonly first: Uint32Array;
  readonly last: Uint32Array;
  readonly endMs: number;
}

/**
 * Ranges that overlap in any way, as disjoint ones: each address until the latest end of what
 * covers it, so that who is named for ever stays. Pure.
 */
export function flatten(family: Family, ranges: readonly TimedRange[]): TimedRanges {
  const n = wordsOf(family);
  const coming = [...ranges].sort((a, b) => compareWords(a.first, 0, b.first, 0, n));
  const open = new LatestFirst();
  const builder = new TimedRangesBuilder(family);
  const here = new Uint32Array(n);
  const last = new Uint32Array(n);
  for (let next = 0; ;) {
    while (open.top !== undefined && compareWords(open.top.last, 0, here, 0, n) < 0) open.pop();
    const upcoming = coming[next];
    if (open.top === undefined) {
      if (upcoming === undefined) return builder.build();
      if (compareWords(upcoming.first, 0, here, 0, n) > 0) copyWords(upcoming.first, 0, here, 0, n);
    }
    if (upcoming !== undefined && compareWords(upcoming.first, 0, here, 0, n) <= 0) {
      open.push(upcoming);
      next += 1;
      continue;
    }
    const { top } = open;
    if (top === undefined) throw new Error('no range covers where one begins');
    copyWords(top.last, 0, last, 0, n);
    if (upcoming !== undefined && compareWords(upcoming.first, 0, top.last, 0, n) <= 0) {
      copyWords(upcoming.first, 0, last, 0, n);
      decrement(last, 0, n);
    }
    builder.extend(here, last, top.endMs);
    copyWords(last, 0, here, 0, n);
    if (!increment(here, 0, n)) return builder.build();
  }
}

/** A heap of ranges, the one that ends latest on top. */
class LatestFirst {
  readonly #ranges: TimedRange[] = [];

  get top(): TimedRange | undefined {
    return this.#ranges[0];
  }

  push(range: TimedRange): void {
    const ranges = this.#ranges;
    let at = ranges.push(range) - 1;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      if (!this.#isLater(at, above)) break;
      this.#swap(at, above);
      at = above;
    }
  }

  pop(): void {
    const ranges = this.#ranges;
    const moved = ranges.pop();
    if (moved === undefined || ranges.length === 0) return;
    ranges[0] = moved;
    for (let at = 0; ;) {
      let latest = at;
      for (const below of [2 * at + 1, 2 * at + 2]) {
        if (below < ranges.length && this.#isLater(below, latest)) latest = below;
      }
      if (latest === at) return;
      this.#swap(at, latest);
      at = latest;
    }
  }

  #isLater(i: number, j: number): boolean {
    return (this.#ranges[i] as TimedRange).endMs > (this.#ranges[j] as TimedRange).endMs;
  }

  #swap(i: number, j: number): void {
    const kept = this.#ranges[i] as TimedRange;
    this.#ranges[i] = this.#ranges[j] as TimedRange;
    this.#ranges[j] = kept;
  }
}
