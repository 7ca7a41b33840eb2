import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type Family, bitsOf } from '../../src/ip/family.js';
import { flatten } from '../../src/ip/flatten.js';
import { NEVER, type TimedRanges, intersectTimed, overlay } from '../../src/ip/timed-ranges.js';
import { bigOf, wordsOfBig } from './naive.js';

interface Timed {
  readonly first: bigint;
  readonly last: bigint;
  readonly endMs: number;
}

/** Few places and few times, at both edges of the space, so that everything meets. */
function timedRanges(family: Family): fc.Arbitrary<Timed[]> {
  const top = (1n << BigInt(bitsOf(family))) - 1n;
  const address = fc.oneof(
    fc.bigInt({ min: 0n, max: 24n }),
    fc.bigInt({ min: top - 24n, max: top }),
    ...(family === 6 ? [fc.bigInt({ min: (1n << 64n) - 8n, max: (1n << 64n) + 8n })] : []),
  );
  const range = fc
    .tuple(address, address, fc.constantFrom(10, 20, 30, NEVER))
    .map(([a, b, endMs]): Timed =>
      a <= b ? { first: a, last: b, endMs } : { first: b, last: a, endMs },
    );
  return fc.array(range, { maxLength: 14 });
}

function words(family: Family, value: bigint): Uint32Array {
  return Uint32Array.from(wordsOfBig(family, value));
}

function flattened(family: Family, ranges: readonly Timed[]): TimedRanges {
  return flatten(
    family,
    ranges.map(({ first, last, endMs }) => ({
      first: words(family, first),
      last: words(family, last),
      endMs,
    })),
  );
}

function listed({ words: n, firsts, lasts, endsMs }: TimedRanges): Timed[] {
  return Array.from(endsMs, (endMs, i) => ({
    first: bigOf(firsts, i * n, n),
    last: bigOf(lasts, i * n, n),
    endMs,
  }));
}

/** When an address ends: the latest end of what covers it; undefined where nothing does. */
function endOf(ranges: readonly Timed[], value: bigint): number | undefined {
  const ends = ranges
    .filter(({ first, last }) => first <= value && value <= last)
    .map(({ endMs }) => endMs);
  return ends.length === 0 ? undefined : Math.max(...ends);
}

/** The places where the answer can change. */
function corners(...lists: readonly (readonly Timed[])[]): bigint[] {
  return lists.flat().flatMap(({ first, last }) => [first - 1n, first, last, last + 1n]);
}

describe.each([4, 6] as const)('ranges with an end, IPv%i', (family) => {
  test('are flattened to disjoint ones, the latest end wins', () => {
    fc.assert(
      fc.property(timedRanges(family), (ranges) => {
        const flat = listed(flattened(family, ranges));
        for (const value of corners(ranges)) {
          expect(endOf(flat, value)).toBe(endOf(ranges, value));
        }
        for (const [i, { first, last, endMs }] of flat.entries()) {
          expect(first <= last).toBe(true);
          const before = flat[i - 1];
          if (before === undefined) continue;
          expect(before.last < first).toBe(true);
          // as few as can be: what touches ends at different times
          if (before.last + 1n === first) expect(before.endMs).not.toBe(endMs);
        }
      }),
    );
  });

  test('meet until the earlier end', () => {
    fc.assert(
      fc.property(timedRanges(family), timedRanges(family), (one, other) => {
        const both = listed(intersectTimed(flattened(family, one), flattened(family, other)));
        for (const value of corners(one, other)) {
          const [a, b] = [endOf(one, value), endOf(other, value)];
          const wanted = a === undefined || b === undefined ? undefined : Math.min(a, b);
          expect(endOf(both, value)).toBe(wanted);
        }
      }),
    );
  });

  test('are laid over each other piece by piece, ascending', () => {
    fc.assert(
      fc.property(timedRanges(family), timedRanges(family), (one, other) => {
        let before = -1n;
        const seen: Timed[] = [];
        overlay(flattened(family, one), flattened(family, other), (first, last, a, b) => {
          const piece = { first: bigOf(first, 0, first.length), last: bigOf(last, 0, last.length) };
          expect(before < piece.first && piece.first <= piece.last).toBe(true);
          before = piece.last;
          for (const value of [piece.first, piece.last]) {
            expect([a, b]).toEqual([endOf(one, value), endOf(other, value)]);
          }
          seen.push({ ...piece, endMs: 0 });
        });
        for (const value of corners(one, other)) {
          const isCovered = (endOf(one, value) ?? endOf(other, value)) !== undefined;
          expect(endOf(seen, value) !== undefined).toBe(isCovered);
        }
      }),
    );
  });

  test('in force are those whose end is to come', () => {
    const flat = flattened(family, [
      { first: 1n, last: 4n, endMs: 10 },
      { first: 3n, last: 9n, endMs: NEVER },
      { first: 20n, last: 20n, endMs: 30 },
    ]);
    expect(listed(flat.inForce(9))).toHaveLength(3);
    expect(listed(flat.inForce(10))).toEqual([
      { first: 3n, last: 9n, endMs: NEVER },
      { first: 20n, last: 20n, endMs: 30 },
    ]);
    expect(flat.inForce(30).addresses().length).toBe(1);
  });
});
