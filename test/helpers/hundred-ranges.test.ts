import { describe, expect, test } from 'vitest';

import type { Family } from '../../src/ip/family.js';
import { hundredLists, hundredRanges, probesOf, textOf } from './hundred-ranges.js';

describe.each<Family>([4, 6])('the hundred test ranges, IPv%i', (family) => {
  const ranges = hundredRanges(family);

  test('are a hundred, ascending, disjoint, and apart within a list', () => {
    expect(ranges).toHaveLength(100);
    for (const [i, range] of ranges.entries()) {
      expect(range.first <= range.last).toBe(true);
      const before = ranges[i - 1];
      if (before) expect(before.last < range.first, textOf(family, range.first)).toBe(true);
      if (before?.list === range.list) expect(before.last + 1n < range.first).toBe(true);
    }
  });

  test('hold what is awkward', () => {
    const adjoining = ranges.filter((range, i) => ranges[i - 1]?.last === range.first - 1n);
    const single = ranges.filter(({ first, last }) => first === last);
    const unaligned = ranges.filter(({ first, last }) => first % (last - first + 1n) !== 0n);
    const high = ranges.filter(({ first }) => first >= 1n << (family === 4 ? 31n : 127n));
    expect(adjoining.length).toBeGreaterThan(8);
    expect(single.length).toBeGreaterThan(10);
    expect(unaligned.length).toBeGreaterThan(30);
    expect(high.length).toBeGreaterThan(family === 4 ? 15 : 0);
  });

  test('are the ranges of the two lists', () => {
    const lists = hundredLists().map(({ addresses }) =>
      family === 4 ? addresses.v4 : addresses.v6,
    );
    expect(lists.reduce((sum, set) => sum + set.length, 0)).toBe(100);
    expect(probesOf(family).length).toBeGreaterThan(350);
    expect(probesOf(family).some(({ list }) => list === undefined)).toBe(true);
  });
});
