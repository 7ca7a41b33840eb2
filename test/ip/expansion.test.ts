import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type Step, forEachBlock, forEachRun, forEachZoneBlock } from '../../src/ip/expansion.js';
import { type Family, bitsOf } from '../../src/ip/family.js';
import type { RangeSet } from '../../src/ip/range-set.js';
import { RangeSetBuilder } from '../../src/ip/range-set-builder.js';
import { addressSet } from '../helpers/lists.js';

/** Everything below is counted in BigInt, apart from the arithmetic of the program. */
interface Interval {
  first: bigint;
  last: bigint;
}

function wordsOf(family: Family, address: bigint): Uint32Array {
  const count = bitsOf(family) / 32;
  return Uint32Array.from({ length: count }, (_, k) =>
    Number((address >> BigInt(32 * (count - 1 - k))) & 0xffffffffn),
  );
}

function setOf(family: Family, intervals: readonly Interval[]): RangeSet {
  const builder = new RangeSetBuilder(family);
  for (const { first, last } of intervals) {
    builder.add(wordsOf(family, first), 0, wordsOf(family, last), 0);
  }
  return builder.build();
}

/** Sorted and merged, the naive way. */
function merged(intervals: readonly Interval[]): Interval[] {
  const out: Interval[] = [];
  for (const { first, last } of [...intervals].sort((a, b) => (a.first < b.first ? -1 : 1))) {
    const before = out.at(-1);
    if (before && first <= before.last + 1n) before.last = last > before.last ? last : before.last;
    else out.push({ first, last });
  }
  return out;
}

function blockInterval(family: Family, step: Step, parts: readonly number[]): Interval {
  const value = parts.reduce((sum, part) => (sum << BigInt(step)) | BigInt(part), 0n);
  const host = BigInt(bitsOf(family) - step * parts.length);
  return { first: value << host, last: ((value + 1n) << host) - 1n };
}

function blocksOf(
  set: RangeSet,
  step: Step,
  each: typeof forEachBlock = forEachBlock,
): readonly number[][] {
  const blocks: number[][] = [];
  each(set, step, (parts) => blocks.push([...parts]));
  return blocks;
}

/** Ranges with both ends close to bounds of a step, so that even 16-bit steps make few blocks. */
function nearBounds(family: Family, step: Step): fc.Arbitrary<Interval> {
  const bits = bitsOf(family);
  return fc
    .record({
      level: fc.nat(bits / step - 1),
      start: fc.bigInt(0n, (1n << BigInt(bits)) - 1n),
      blocks: fc.bigInt(0n, 40n),
      before: fc.bigInt(0n, 40n),
      behind: fc.bigInt(0n, 40n),
    })
    .map(({ level, start, blocks, before, behind }) => {
      const block = 1n << BigInt(level * step);
      const bound = start - (start % block);
      return { first: bound - before, last: bound + blocks * block + behind };
    });
}

/** Ranges of any size and place. */
function anywhere(family: Family): fc.Arbitrary<Interval> {
  const address = fc.bigInt(0n, (1n << BigInt(bitsOf(family))) - 1n);
  return fc
    .tuple(address, address)
    .map(([a, b]) => (a < b ? { first: a, last: b } : { first: b, last: a }));
}

function intervalsOf(family: Family, step: Step): fc.Arbitrary<Interval[]> {
  const top = (1n << BigInt(bitsOf(family))) - 1n;
  const near = nearBounds(family, step);
  const one = step === 16 ? near : fc.oneof(near, anywhere(family));
  const inSpace = one.map(({ first, last }) => ({
    first: first < 0n ? 0n : first,
    last: last > top ? top : last,
  }));
  return fc.array(inSpace, { maxLength: 8 });
}

const CASES: { family: Family; step: Step }[] = [
  { family: 4, step: 8 },
  { family: 6, step: 4 },
  { family: 6, step: 16 },
];

describe.each(CASES)('IPv$family in steps of $step bits', ({ family, step }) => {
  test('blocks cover exactly the set, each once, ascending', () => {
    fc.assert(
      fc.property(intervalsOf(family, step), (intervals) => {
        const blocks = blocksOf(setOf(family, intervals), step).map((parts) =>
          blockInterval(family, step, parts),
        );
        for (const [k, block] of blocks.entries()) {
          const before = blocks[k - 1];
          if (before) expect(before.last < block.first).toBe(true);
        }
        expect(merged(blocks)).toEqual(merged(intervals));
      }),
      { numRuns: 100 },
    );
  });

  test('no parent of a block lies wholly in the set, so no fewer blocks would do', () => {
    fc.assert(
      fc.property(intervalsOf(family, step), (intervals) => {
        const ranges = merged(intervals);
        for (const parts of blocksOf(setOf(family, intervals), step)) {
          if (parts.length === 1) continue;
          const parent = blockInterval(family, step, parts.slice(0, -1));
          const inside = ranges.some(
            ({ first, last }) => first <= parent.first && parent.last <= last,
          );
          expect(inside, parts.join()).toBe(false);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('runs are the blocks, and no two runs could be one', () => {
    fc.assert(
      fc.property(intervalsOf(family, step), (intervals) => {
        const set = setOf(family, intervals);
        const runs: { head: string; from: number; to: number }[] = [];
        const blocks: number[][] = [];
        forEachRun(set, step, (head, from, to) => {
          runs.push({ head: head.join(), from, to });
          for (let part = from; part <= to; part++) blocks.push([...head, part]);
        });
        expect(blocks).toEqual(blocksOf(set, step));
        for (const [k, run] of runs.entries()) {
          const before = runs[k - 1];
          if (before?.head === run.head) expect(run.from).toBeGreaterThan(before.to + 1);
        }
      }),
      { numRuns: 50 },
    );
  });
});

test('the whole space is every block of one part', () => {
  expect(blocksOf(addressSet('0.0.0.0/0').v4, 8)).toHaveLength(256);
  expect(blocksOf(addressSet('::/0').v6, 4)).toHaveLength(16);
  expect(blocksOf(addressSet('::/0').v6, 16)).toHaveLength(65_536);
});

test('a /25 is 128 names, a range is cut where its last octet ends', () => {
  expect(blocksOf(addressSet('198.51.100.128/25').v4, 8)).toHaveLength(128);
  const runs: string[] = [];
  forEachRun(addressSet('10.1.255.250-10.2.1.3').v4, 8, (head, from, to) => {
    runs.push(`${head.join('.')} ${from}-${to}`);
  });
  expect(runs).toEqual(['10.1.255 250-255', '10.2 0-0', '10.2.1 0-3']);
});

describe('blocks of a zone', () => {
  const zoneBlocks = (set: RangeSet): readonly number[][] =>
    blocksOf(set, 4, (one, _step, visit) => forEachZoneBlock(one, visit));

  test('are octets and nibbles where nothing is ambiguous', () => {
    expect(zoneBlocks(addressSet('203.0.0.0/16', '10.0.0.0/8').v4)).toEqual([[10], [203, 0]]);
    expect(zoneBlocks(addressSet('2001:d00::/24').v6)).toEqual([[2, 0, 0, 1, 0, 13]]);
  });

  test('cover exactly the set, and none is a name that the other family writes', () => {
    const sets = [
      addressSet('2.0.0.0/12', '3.0.0.0-3.1.2.3', '9.9.9.0/24', '1.2.3.4').v4,
      addressSet('2000::/4', '3000::/7', 'f000::/12', '::1').v6,
    ];
    for (const set of sets) {
      const step: Step = set.family === 4 ? 8 : 4;
      const blocks = zoneBlocks(set);
      for (const parts of blocks) {
        const clear = parts.length >= 4 || (set.family === 4 && parts.some((part) => part > 9));
        expect(clear, parts.join()).toBe(true);
      }
      const covered = merged(blocks.map((parts) => blockInterval(set.family, step, parts)));
      expect(setOf(set.family, covered).equals(set)).toBe(true);
    }
  });
});
