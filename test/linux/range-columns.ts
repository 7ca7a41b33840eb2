import * as fc from 'fast-check';

import type { RangeColumns } from '../../src/linux/nf-tables/ranges.js';

/** A range of BigInts, both ends included: an independent way to count addresses. */
export type Range = readonly [first: bigint, last: bigint];

export function topOf(words: 1 | 4): bigint {
  return (1n << BigInt(32 * words)) - 1n;
}

export function columnsOf(ranges: readonly Range[], words: 1 | 4): RangeColumns {
  const column = (end: 0 | 1): Uint32Array =>
    Uint32Array.from(ranges.flatMap((range) => wordsOf(range[end], words)));
  return { firsts: column(0), lasts: column(1) };
}

function wordsOf(address: bigint, words: 1 | 4): number[] {
  return Array.from({ length: words }, (_, k) =>
    Number((address >> BigInt(32 * (words - 1 - k))) & 0xffffffffn),
  );
}

export function rangesOfColumns({ firsts, lasts }: RangeColumns, words: 1 | 4): Range[] {
  return Array.from({ length: firsts.length / words }, (_, i) => [
    addressAt(firsts, i * words, words),
    addressAt(lasts, i * words, words),
  ]);
}

function addressAt(column: Uint32Array, at: number, words: 1 | 4): bigint {
  return column
    .subarray(at, at + words)
    .reduce<bigint>((address, word) => (address << 32n) | BigInt(word), 0n);
}

/** Joins ranges that touch, as nft shows them. */
export function merged(ranges: readonly Range[]): Range[] {
  const joined: [bigint, bigint][] = [];
  for (const [first, last] of ranges) {
    const before = joined.at(-1);
    if (before !== undefined && before[1] + 1n === first) before[1] = last;
    else joined.push([first, last]);
  }
  return joined;
}

/**
 * Ascending, disjoint ranges, many of them awkward: touching, of one address, at both ends of
 * the space and where words and signs change. The space is cut at random places, and of the
 * pieces some are taken.
 */
export function anyRanges(words: 1 | 4): fc.Arbitrary<Range[]> {
  const top = topOf(words);
  const edges = [0n, 1n << 31n, 1n << 32n, 1n << 64n, 1n << 96n, 1n << 127n, top];
  const place = fc.oneof(
    fc.bigInt({ min: 0n, max: top }),
    fc
      .tuple(fc.constantFrom(...edges), fc.integer({ min: -3, max: 3 }))
      .map(([edge, beside]) => edge + BigInt(beside))
      .filter((address) => address >= 0n && address <= top),
  );
  const cuts = fc.uniqueArray(place, { minLength: 1, maxLength: 40 });
  return fc
    .tuple(cuts, fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }))
    .map(([places, taken]): Range[] =>
      places
        .sort((a, b) => (a < b ? -1 : 1))
        .map((first, i): Range => [first, (places[i + 1] ?? top + 1n) - 1n])
        .filter((_, i) => taken[i]),
    );
}
