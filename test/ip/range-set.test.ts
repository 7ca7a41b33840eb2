import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { complement, intersect, subtract, union } from '../../src/ip/algebra.js';
import { type Family, bitsOf } from '../../src/ip/family.js';
import { RangeSet } from '../../src/ip/range-set.js';
import {
  type NaiveRange,
  bigOf,
  fromRangeSet,
  naiveMerge,
  naivePrefixes,
  toRangeSet,
  wordsOfBig,
} from './naive.js';

/** Addresses close to each other and to the edges, so that ranges meet, touch and overlap. */
function addresses(family: Family): fc.Arbitrary<bigint> {
  const top = (1n << BigInt(bitsOf(family))) - 1n;
  return fc.oneof(
    fc.bigInt({ min: 0n, max: 40n }),
    fc.bigInt({ min: top - 40n, max: top }),
    fc.bigInt({ min: top / 2n - 20n, max: top / 2n + 20n }),
    ...(family === 6 ? [fc.bigInt({ min: (1n << 64n) - 20n, max: (1n << 64n) + 20n })] : []),
    fc.bigInt({ min: 0n, max: top }),
  );
}

function rangesOf(family: Family): fc.Arbitrary<NaiveRange[]> {
  const range = fc
    .tuple(addresses(family), addresses(family))
    .map(([a, b]): NaiveRange => (a <= b ? [a, b] : [b, a]));
  const short = fc
    .tuple(addresses(family), fc.bigInt({ min: 0n, max: 9n }))
    .map(([first, size]): NaiveRange => {
      const top = (1n << BigInt(bitsOf(family))) - 1n;
      return [first, first + size > top ? top : first + size];
    });
  return fc.array(fc.oneof({ weight: 4, arbitrary: short }, range), { maxLength: 30 });
}

function contains(ranges: readonly NaiveRange[], value: bigint): boolean {
  return ranges.some(([first, last]) => first <= value && value <= last);
}

/** The places where membership can change: every end, and one beside it. */
function corners(...sets: readonly (readonly NaiveRange[])[]): bigint[] {
  return sets.flat().flatMap(([first, last]) => [first - 1n, first, last, last + 1n]);
}

describe.each([4, 6] as const)('range sets of IPv%i', (family) => {
  const top = (1n << BigInt(bitsOf(family))) - 1n;
  const inSpace = (value: bigint): boolean => value >= 0n && value <= top;
  const has = (set: RangeSet, value: bigint): boolean =>
    set.indexOf(Uint32Array.from(wordsOfBig(family, value))) >= 0;

  test('merge as the naive model does', () => {
    fc.assert(
      fc.property(rangesOf(family), (ranges) => {
        const set = toRangeSet(family, ranges);
        set.assertWellFormed();
        expect(fromRangeSet(set)).toEqual(naiveMerge(ranges));
      }),
      { numRuns: 500 },
    );
  });

  test.each([1, 2, 3, 5, 8])('merge %i sorted files, one behind the other', (files) => {
    const ranges = Array.from({ length: files }, (_, file) =>
      Array.from({ length: 701 }, (_, k): NaiveRange => {
        const first = BigInt(k * 97 + file * 31);
        return [first, first + BigInt((k * file) % 40)];
      }),
    ).flat();
    const set = toRangeSet(family, ranges);
    set.assertWellFormed();
    expect(fromRangeSet(set)).toEqual(naiveMerge(ranges));
  });

  test('union, intersection, subtraction and complement decide over every corner', () => {
    fc.assert(
      fc.property(rangesOf(family), rangesOf(family), (a, b) => {
        const [x, y] = [toRangeSet(family, a), toRangeSet(family, b)];
        const results = {
          union: union(family, [x, y]),
          intersect: intersect(x, y),
          subtract: subtract(x, y),
          complement: complement(x),
        };
        for (const result of Object.values(results)) result.assertWellFormed();
        for (const value of corners(a, b, [[0n, top]]).filter(inSpace)) {
          const [inA, inB] = [contains(a, value), contains(b, value)];
          expect(has(results.union, value)).toBe(inA || inB);
          expect(has(results.intersect, value)).toBe(inA && inB);
          expect(has(results.subtract, value)).toBe(inA && !inB);
          expect(has(results.complement, value)).toBe(!inA);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('laws of the algebra', () => {
    fc.assert(
      fc.property(rangesOf(family), rangesOf(family), (a, b) => {
        const [x, y] = [toRangeSet(family, a), toRangeSet(family, b)];
        expect(complement(complement(x)).equals(x)).toBe(true);
        expect(union(family, [intersect(x, y), subtract(x, y)]).equals(x)).toBe(true);
        expect(intersect(x, y).equals(intersect(y, x))).toBe(true);
        expect(subtract(x, x).isEmpty).toBe(true);
        expect(union(family, [x, complement(x)]).equals(RangeSet.all(family))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('fewest prefixes, as the naive model finds them', () => {
    fc.assert(
      fc.property(rangesOf(family), (ranges) => {
        const found: [bigint, number][] = [];
        toRangeSet(family, ranges).forEachPrefix((words, length) => {
          found.push([bigOf(words, 0, words.length), length]);
        });
        expect(found).toEqual(naivePrefixes(family, ranges));
      }),
      { numRuns: 300 },
    );
  });

  test('the whole space is one prefix, and its complement is empty', () => {
    const prefixes: number[] = [];
    RangeSet.all(family).forEachPrefix((_, length) => prefixes.push(length));
    expect(prefixes).toEqual([0]);
    expect(complement(RangeSet.all(family)).isEmpty).toBe(true);
    expect(RangeSet.all(family).countAddresses()).toBe(2 ** bitsOf(family));
  });

  test('addresses are counted', () => {
    fc.assert(
      fc.property(rangesOf(family), (ranges) => {
        const exact = naiveMerge(ranges).reduce((sum, [a, b]) => sum + (b - a + 1n), 0n);
        const counted = toRangeSet(family, ranges).countAddresses();
        if (family === 4) expect(counted).toBe(Number(exact));
        else expect(Math.abs(counted - Number(exact))).toBeLessThanOrEqual(Number(exact) * 1e-12);
      }),
    );
  });
});

test('many unsorted ranges take the packed sort and the comparator to the same set', () => {
  const ranges = Array.from({ length: 5000 }, (_, k): NaiveRange => {
    const first = (BigInt(k) * 2654435761n) % (1n << 32n);
    const last = first + BigInt(k % 700);
    return [first, last > 0xffffffffn ? 0xffffffffn : last];
  });
  expect(fromRangeSet(toRangeSet(4, ranges))).toEqual(naiveMerge(ranges));
  expect(fromRangeSet(toRangeSet(6, ranges))).toEqual(naiveMerge(ranges));
});
