import { describe, expect, test } from 'vitest';

import type { Origin } from '../../src/reports/origins.js';
import { type DeniedRow, mergeRows } from '../../src/reports/rows.js';
import { byAddress, byCountry, byDay, byList } from '../../src/reports/summaries.js';

const row = (
  time: string,
  address: string | null,
  packets: number,
  rule = 'mail',
  list = 'asia',
): DeniedRow => ({ rule, list, address, packets, first: time, last: time });

const CHINA: Origin = { cc: 'CN', country: 'China', delegation: null };
const ORIGINS = new Map([
  ['221.200.232.93', CHINA],
  ['218.24.126.97', CHINA],
  ['192.0.2.1', { cc: null, country: null, delegation: null }],
]);

const MONDAY = '2026-06-01T10:00:00.000Z';
const TUESDAY = '2026-06-02T10:00:00.000Z';
const DAYS = new Map([
  [
    '2026-06-02',
    [
      row(TUESDAY, '221.200.232.93', 98),
      row(TUESDAY, '192.0.2.1', 7, 'ssh', 'outside'),
      row(TUESDAY, null, 50),
    ],
  ],
  [
    '2026-06-01',
    [
      row(MONDAY, '218.24.126.97', 322),
      row(MONDAY, '221.200.232.93', 200),
      row(MONDAY, '221.200.232.93', 100, 'ssh', 'outside'),
    ],
  ],
]);
const ROWS = [...DAYS.values()].flat();

describe('what was denied', () => {
  test('by address, whatever the rule and the day', () => {
    expect(byAddress(ROWS, ORIGINS)).toEqual([
      {
        address: '221.200.232.93',
        ...CHINA,
        packets: 398,
        first: MONDAY,
        last: TUESDAY,
        lists: ['asia', 'outside'],
        rules: ['mail', 'ssh'],
      },
      expect.objectContaining({ address: '218.24.126.97', packets: 322 }),
      expect.objectContaining({ address: null, packets: 50, cc: null }),
      expect.objectContaining({ address: '192.0.2.1', packets: 7, cc: null }),
    ]);
  });

  test('by country, with lines of their own for no country and no address', () => {
    expect(byCountry(ROWS, ORIGINS)).toEqual([
      { cc: 'CN', country: 'China', addresses: 2, packets: 720, first: MONDAY, last: TUESDAY },
      { cc: null, country: null, addresses: 0, packets: 50, first: TUESDAY, last: TUESDAY },
      { cc: null, country: null, addresses: 1, packets: 7, first: TUESDAY, last: TUESDAY },
    ]);
  });

  test('by list and rule', () => {
    expect(byList(ROWS)).toEqual([
      { list: 'asia', rule: 'mail', addresses: 2, packets: 670, first: MONDAY, last: TUESDAY },
      { list: 'outside', rule: 'ssh', addresses: 2, packets: 107, first: MONDAY, last: TUESDAY },
    ]);
  });

  test('by day, the oldest first', () => {
    expect(byDay(DAYS)).toEqual([
      { day: '2026-06-01', packets: 622, addresses: 2 },
      { day: '2026-06-02', packets: 155, addresses: 2 },
    ]);
  });

  test('nothing at all', () => {
    expect([byAddress([], ORIGINS), byCountry([], ORIGINS), byList([]), byDay(new Map())]).toEqual([
      [],
      [],
      [],
      [],
    ]);
  });
});

test('merged rows keep the earliest and the latest sighting, in any order', () => {
  const merged = { ...row(MONDAY, '1.1.1.1', 3), last: TUESDAY };
  expect(mergeRows([row(TUESDAY, '1.1.1.1', 2)], [row(MONDAY, '1.1.1.1', 1)])).toEqual([merged]);
  expect(mergeRows([row(MONDAY, '1.1.1.1', 2), row(TUESDAY, '1.1.1.1', 1)])).toEqual([merged]);
  expect(mergeRows([row(MONDAY, null, 1)], [row(MONDAY, '1.1.1.1', 1)])).toHaveLength(2);
});
