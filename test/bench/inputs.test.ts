import { describe, expect, test } from 'vitest';

import { repeatedTo } from '../../bench/inputs/statistics-files.js';
import { syntheticStatistics } from '../../bench/inputs/synthetic-statistics.js';
import { union } from '../../src/ip/algebra.js';
import { REGISTRY_NAMES } from '../../src/config/registry-names.js';
import { countryTableOf } from '../../src/sources/country-table.js';
import { findDamage } from '../../src/sources/statistics/check.js';
import { scanStatistics } from '../../src/sources/statistics/scan.js';

const scanOf = (place: number, extended: boolean) => {
  const registry = REGISTRY_NAMES[place] ?? '';
  const text = syntheticStatistics({ registry, place, bytes: 1_000_000, extended });
  return scanStatistics(Buffer.from(text));
};

describe('the synthetic statistics files of the benchmarks', () => {
  test.each([true, false])('are whole (extended: %s) and about as long as asked', (extended) => {
    const options = { registry: 'arin', place: 2, bytes: 1_000_000, extended };
    const text = syntheticStatistics(options);
    expect(Math.abs(text.length - options.bytes)).toBeLessThan(0.15 * options.bytes);
    const file = scanStatistics(Buffer.from(text));
    expect(findDamage(file, REGISTRY_NAMES)).toBeUndefined();
    expect(file.edition).toBe(extended ? 'extended' : 'plain');
    expect(syntheticStatistics(options)).toBe(text);
  });

  test('share no address between registries or countries', () => {
    const table = countryTableOf(REGISTRY_NAMES.map((_, place) => scanOf(place, true)));
    const sets = [...table.values()].map(({ addresses }) => addresses.v4);
    const total = sets.reduce((sum, set) => sum + set.countAddresses(), 0);
    expect(sets.length).toBeGreaterThan(100);
    expect(union(4, sets).countAddresses()).toBe(total);
  });

  test('are repeated to a length, at the end of a line', () => {
    const text = syntheticStatistics({ registry: 'arin', place: 2, bytes: 50_000, extended: true });
    const long = repeatedTo(Buffer.from(text), 200_000);
    expect(long.length).toBeLessThanOrEqual(200_000);
    expect(long.length).toBeGreaterThan(199_900);
    expect(scanStatistics(long)).toMatchObject({ faultCount: 0, endsWithNewline: true });
  });
});
