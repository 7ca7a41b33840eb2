import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { isWhole } from '../../src/sources/statistics/check.js';
import { scanStatistics } from '../../src/sources/statistics/scan.js';
import {
  type Snapshot,
  compareSerials,
  findJumps,
  snapshotOf,
  totalsOf,
} from '../../src/sources/trust.js';
import { sharedDataTest, sharedFile } from '../helpers/shared-data.js';
import { statisticsText } from '../helpers/statistics-text.js';

const LIMITS = { fall: 0.1, rise: 0.25 };

function snapshot(bytes: Uint8Array): Snapshot {
  const file = scanStatistics(bytes);
  const names = ['apnic', 'ripencc', 'arin', 'lacnic', 'afrinic'];
  if (!isWhole(file, names)) throw new Error('not whole');
  return snapshotOf(file);
}

/** A file in which countries have these numbers of addresses. */
function having(counts: Record<string, [v4: number, v6: number]>, serialTimeMs = 0): Snapshot {
  const entries = Object.entries(counts).map(([cc, [v4, v6]]) => [cc, { v4, v6 }] as const);
  return { serial: String(serialTimeMs), serialTimeMs, edition: 'plain', counts: new Map(entries) };
}

function jumps(before: Snapshot, after: Snapshot, countries: string[], others: Snapshot[] = []) {
  const totals = totalsOf([before, ...others]);
  return findJumps(after, before, totals, { countries: new Set(countries), ...LIMITS });
}

test('a snapshot counts addresses by country, in sizes that are no power of two', () => {
  const { counts, serial, edition } = snapshot(Buffer.from(statisticsText()));
  expect({ serial, edition }).toEqual({ serial: '20260601', edition: 'plain' });
  expect(Object.fromEntries(counts)).toEqual({
    JP: { v4: 16384, v6: 2 ** 80 },
    KR: { v4: 65536, v6: 2 ** 96 },
  });
});

test.each([
  ['newer', {}, 2, 'plain'],
  ['equal', {}, 1, 'plain'],
  ['older', {}, 0, 'plain'],
  ['newer', {}, 0, 'extended'],
] as const)('a file is %s', (order, counts, time, edition) => {
  expect(compareSerials({ ...having(counts, time), edition }, having({}, 1))).toBe(order);
});

describe('jumps', () => {
  test('exactly the limit is within it', () => {
    const before = having({ KR: [1000, 0], JP: [1000, 0] });
    expect(jumps(before, having({ KR: [900, 0], JP: [1250, 0] }), ['KR', 'JP'])).toEqual([]);
    expect(jumps(before, having({ KR: [899, 0], JP: [1251, 0] }), ['KR', 'JP'])).toEqual([
      'JP would gain 25.1 % of its IPv4 addresses (limit 25 %)',
      'KR would lose 10.1 % of its IPv4 addresses (limit 10 %)',
    ]);
  });

  test('only countries in use count', () => {
    expect(jumps(having({ KR: [1000, 9] }), having({}), ['JP'])).toEqual([]);
  });

  test('a country that vanishes has lost all', () => {
    expect(jumps(having({ KR: [1000, 9] }), having({}), ['KR'])).toEqual([
      'KR would lose 100 % of its IPv4 addresses (limit 10 %)',
      'KR would lose 100 % of its IPv6 addresses (limit 10 %)',
    ]);
  });

  test('what a country has at other registries counts', () => {
    const others = [having({ KR: [9000, 0] })];
    expect(jumps(having({ KR: [1000, 0] }), having({ KR: [0, 0] }), ['KR'], others)).toEqual([]);
    expect(jumps(having({ KR: [1000, 0] }), having({ KR: [4000, 0] }), ['KR'], others)).toEqual([
      'KR would gain 30 % of its IPv4 addresses (limit 25 %)',
    ]);
  });

  test('a country that had nothing anywhere is taken', () => {
    expect(jumps(having({}), having({ SS: [1024, 2 ** 96] }), ['SS'])).toEqual([]);
  });

  test('a rise of IPv6 is measured against the whole file, a fall against the country', () => {
    const before = having({ KR: [0, 1], CN: [0, 999] });
    expect(jumps(before, having({ KR: [0, 251], CN: [0, 999] }), ['KR'])).toEqual([]);
    expect(jumps(before, having({ KR: [0, 252], CN: [0, 999] }), ['KR'])).toEqual([
      "KR would gain 25.1 % of the registry's IPv6 addresses (limit 25 %)",
    ]);
    expect(jumps(before, having({ KR: [0, 0.5], CN: [0, 999] }), ['KR'])).toEqual([
      'KR would lose 50 % of its IPv6 addresses (limit 10 %)',
    ]);
  });
});

describe('real files', () => {
  const real = (name: string): Snapshot => snapshot(readFileSync(sharedFile(`delegated-${name}`)));
  const everyCountry = (a: Snapshot, b: Snapshot): string[] => [
    ...new Set([...a.counts.keys(), ...b.counts.keys()]),
  ];
  const IN_2013 = ['apnic-20130813', 'arin-20130813', 'lacnic-20130812', 'afrinic-20140630'];

  sharedDataTest(
    'four months of APNIC: two countries with a handful of blocks there, no other',
    () => {
      const [before, after] = [real('apnic-20260131'), real('apnic-20260618')];
      const others = [real('lacnic-20260129'), real('afrinic-20260130')];
      expect(jumps(before, after, everyCountry(before, after), others)).toEqual([
        'DK would gain 100 % of its IPv4 addresses (limit 25 %)',
        'IE would lose 50 % of its IPv4 addresses (limit 10 %)',
      ]);
    },
  );

  sharedDataTest('ten months of RIPE NCC: no rise of IPv6 is refused', () => {
    const [before, after] = [real('ripencc-20130812'), real('ripencc-20140630')];
    const found = jumps(before, after, everyCountry(before, after), IN_2013.map(real));
    expect(found.map((text) => text.replace(/ \(.*/, ''))).toEqual([
      'DZ would lose 33.3 % of its IPv6 addresses',
      'GG would gain 200 % of its IPv4 addresses',
      'IM would gain 48 % of its IPv4 addresses',
      'TK would lose 33.3 % of its IPv4 addresses',
      'VA would lose 18.2 % of its IPv4 addresses',
      'VG would lose 12.9 % of its IPv4 addresses',
    ]);
  });
});
