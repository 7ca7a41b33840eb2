import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { ReportFolder } from '../../src/reports/folder.js';
import { dayBefore } from '../../src/reports/rows.js';
import { SystemError } from '../../src/util/errors.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { collectFrom } from './readings.js';

const MAIL = 'mail asia';
const first = collectFrom(undefined, {
  at: '2026-06-01T12:00:00Z',
  counters: { [MAIL]: 5 },
  hits: { [MAIL]: { '1.1.1.1': [3, 86_400], '2.2.2.2': 2 } },
});
const second = collectFrom(first, {
  at: '2026-06-02T12:00:00Z',
  counters: { [MAIL]: 9 },
  hits: { [MAIL]: { '1.1.1.1': 3, '2.2.2.2': [6, 86_400] } },
});

describe('the folder of reports', () => {
  test('days are added up, and read again', async () => {
    const folder = new ReportFolder(await temporaryFolder());
    expect(folder.readCollection()).toBeUndefined();
    expect(folder.days()).toEqual([]);
    folder.add(first);
    folder.add(second);
    expect(folder.days()).toEqual(['2026-05-31', '2026-06-01']);
    expect(folder.readDay('2026-05-31')).toMatchObject([{ address: '1.1.1.1', packets: 3 }]);
    expect(folder.readDay('2026-06-01')).toEqual([
      {
        rule: 'mail',
        list: 'asia',
        address: '2.2.2.2',
        packets: 6,
        first: '2026-06-01T12:00:00.000Z',
        last: '2026-06-01T12:00:00.000Z',
      },
    ]);
    expect(folder.readDay('2026-06-03')).toEqual([]);
    expect(folder.readCollection()).toEqual(second);
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('a run that was killed before its days were written is made good, once', async () => {
    const state = await temporaryFolder();
    const folder = new ReportFolder(state);
    mkdirSync(folder.path);
    // the collection is written first; then the run ended
    writeFileSync(join(folder.path, 'collection.json'), JSON.stringify(first));
    for (let times = 0; times < 3; times++) {
      const last = new ReportFolder(state).readCollection();
      expect(last).toEqual(first);
      if (last) folder.settle(last);
      expect(folder.readDay('2026-06-01')).toMatchObject([{ address: '2.2.2.2', packets: 2 }]);
    }
  });

  test('after a flush the counts are forgotten and the days stay', async () => {
    const folder = new ReportFolder(await temporaryFolder());
    folder.forgetCounts();
    folder.add(first);
    folder.forgetCounts();
    expect(folder.readCollection()?.groups).toEqual([]);
    expect(folder.days()).toHaveLength(2);
  });

  test('old days go, and nothing else', async () => {
    const folder = new ReportFolder(await temporaryFolder());
    folder.add(first);
    writeFileSync(join(folder.path, '2026-05-31.json.bak'), 'mine');
    folder.prune('2026-06-01');
    expect(readdirSync(folder.path).sort()).toEqual([
      '2026-05-31.json.bak',
      '2026-06-01.json',
      'collection.json',
    ]);
  });

  test.each([
    ['cut off', '{"format":1,"day":"2026-06-'],
    ['of another shape', '{"format":1,"day":"2026-06-01","collection":"x","rows":[{"rule":7}]}'],
    ['of a later format', '{"format":2}'],
  ])('a file that is %s is refused by name', async (_what, text) => {
    const folder = new ReportFolder(await temporaryFolder());
    folder.add(first);
    const path = join(folder.path, '2026-06-01.json');
    writeFileSync(path, text);
    const read = (): unknown => folder.readDay('2026-06-01');
    expect(read).toThrow(SystemError);
    expect(read).toThrow(`${path} is damaged (`);
    expect(() => {
      folder.add(second);
    }).toThrow(SystemError);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });
});

test('the first of so many days, over the ends of months and years', () => {
  const now = Date.parse('2026-03-01T00:00:00Z');
  expect([0, 1, 60].map((days) => dayBefore(now, days))).toEqual([
    '2026-03-01',
    '2026-02-28',
    '2025-12-31',
  ]);
});
