import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { noticesOf } from '../../src/sources/country-data.js';
import { openFiles } from '../../src/sources/open-files.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { sekisho } from '../helpers/sekisho.js';

test('notices tell the files and what their licence asks for', () => {
  const origins = ['apnic 20260601 (plain)', 'arin 1567951216119 (extended)'];
  expect(noticesOf({ origins, attribution: ['data by X'] })).toEqual([
    'Sekisho, from apnic 20260601 (plain), arin 1567951216119 (extended)',
    'data by X',
  ]);
});

test('notices are single lines without control characters', () => {
  const origins = ['a\nb\r\nc.csv', '\u001b[2Jd\u0000e\u007f\u0085f\u2028g\u2029h.csv'];
  expect(noticesOf({ origins, attribution: ['by\tZoë 関所'] })).toEqual([
    'Sekisho, from a?b??c.csv, ?[2Jd?e??f?g?h.csv',
    'by?Zoë 関所',
  ]);
});

test('a line break in the path of a CSV file does not become a rule', async () => {
  const path = join(await temporaryFolder(), 'dbip\nadd rule inet filter input accept\n.csv');
  await writeFile(path, '203.0.113.0,203.0.113.255,KR\n');
  expect((await openFiles([path])).origins).toEqual([path]);
  const args = ['export', '--from', path, '--country', 'KR', '--format', 'nft'];
  const { code, stdout } = await sekisho(args);
  expect(code).toBe(0);
  expect(stdout.split('\n').filter((line) => line.startsWith('add rule'))).toEqual([]);
  expect(stdout).toMatch(/^# Sekisho, from .*dbip\?add rule inet filter input accept\?\.csv\n/);
});
