import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { openCsvFiles } from '../../src/sources/csv/open-csv.js';
import { openFiles } from '../../src/sources/open-files.js';
import type { CountryTable } from '../../src/sources/country-table.js';
import { rangeText } from '../../src/formats/text.js';
import { temporaryFolder } from '../helpers/cleanup.js';

async function filesOf(texts: Record<string, string | Uint8Array>): Promise<string[]> {
  const folder = await temporaryFolder();
  const paths: string[] = [];
  for (const [name, text] of Object.entries(texts)) {
    paths.push(join(folder, name));
    await writeFile(join(folder, name), text);
  }
  return paths;
}

function show(table: CountryTable): Record<string, string[]> {
  return Object.fromEntries(
    [...table].map(([cc, { addresses }]) => [
      cc,
      [addresses.v4, addresses.v6].flatMap((set) =>
        Array.from({ length: set.length }, (_, k) => rangeText(set, k * set.words)),
      ),
    ]),
  );
}

const LOCATIONS =
  'geoname_id,locale_code,continent_code,continent_name,country_iso_code,country_name,is_in_european_union\n' +
  '1835841,en,AS,Asia,KR,"Korea, South",0\n6255148,en,EU,Europe,,,0\n1861060,en,AS,Asia,JP,Japan,0\n';
const BLOCKS =
  'network,geoname_id,registered_country_geoname_id,represented_country_geoname_id,is_anonymous_proxy,is_satellite_provider,is_anycast\n';

test('DB-IP Lite: ranges of both families, unknown space left out, attribution told', async () => {
  const data = await openFiles(
    await filesOf({
      'v4.csv':
        '1.0.0.0,1.0.0.255,AU\n1.0.1.0,1.0.3.255,CN\n1.0.4.0,1.0.4.1,ZZ\n223.0.0.0,223.0.0.9,CN\n',
      'v6.csv.gz': gzipSync('2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff,AU\n'),
    }),
  );
  expect(show(data.table)).toEqual({
    AU: ['1.0.0.0/24', '2001:db8::/32'],
    CN: ['1.0.1.0-1.0.3.255', '223.0.0.0-223.0.0.9'],
  });
  expect(data.attribution.join()).toContain('DB-IP');
});

test('GeoLite2: networks by place, else by registration, through the locations file', async () => {
  const data = await openFiles(
    await filesOf({
      'GeoLite2-Country-Blocks-IPv4.csv':
        BLOCKS +
        '203.0.113.0/25,1835841,1861060,,0,0,\n203.0.113.128/25,,1861060,,0,0,\n198.51.100.0/24,,,,0,0,\n192.0.2.0/24,6255148,,,0,0,\n',
      'GeoLite2-Country-Blocks-IPv6.csv': `${BLOCKS}2001:db8::/32,1835841,,,0,0,\n`,
      'GeoLite2-Country-Locations-en.csv': LOCATIONS,
    }),
  );
  expect(show(data.table)).toEqual({
    JP: ['203.0.113.128/25'],
    KR: ['203.0.113.0/25', '2001:db8::/32'],
  });
  expect(data.attribution.join()).toContain('MaxMind');
});

test.each<[string, Record<string, string>, RegExp]>([
  [
    'a bad address',
    { 'a.csv': '1.0.0.0,1.0.0.255,AU\n1.0.1,1.0.2.0,AU\n' },
    /a\.csv:2: found "1\.0\.1,1\.0\.2\.0,AU"; expected first,last,cc/,
  ],
  ['reversed', { 'a.csv': '1.0.0.9,1.0.0.1,AU\n' }, /a\.csv:1: .*not above the last/],
  ['two families', { 'a.csv': '1.0.0.9,2001:db8::,AU\n' }, /one family/],
  ['a bad code', { 'a.csv': '1.0.0.0,1.0.0.1,Aus\n' }, /two capital letters/],
  [
    'a row of another length',
    { 'a.csv': '1.0.0.0,1.0.0.1,AU\n1.0.0.2,1.0.0.3\n' },
    /a\.csv: not a readable CSV.*Invalid Record Length/,
  ],
  ['nothing', { 'a.csv': '' }, /found no network/],
  [
    'no locations',
    { 'b.csv': `${BLOCKS}203.0.113.0/24,1,,,0,0,\n` },
    /Locations-….csv file beside it/,
  ],
  [
    'an unknown place',
    { 'b.csv': `${BLOCKS}203.0.113.0/24,7,,,0,0,\n`, 'l.csv': LOCATIONS },
    /b\.csv:2: .*geoname_id 7 in the locations/,
  ],
  [
    'host bits',
    { 'b.csv': `${BLOCKS}203.0.113.1/24,1861060,,,0,0,\n`, 'l.csv': LOCATIONS },
    /b\.csv:2: .*no host bits/,
  ],
])('%s is refused with file and line', async (_, texts, message) => {
  await expect(openFiles(await filesOf(texts))).rejects.toThrow(message);
});

test('a byte order mark is no part of the first address', async () => {
  const { table } = await openFiles(await filesOf({ 'v4.csv': '\uFEFF1.0.0.0,1.0.0.255,AU\r\n' }));
  expect(show(table)).toEqual({ AU: ['1.0.0.0/24'] });
});

test('a damaged gzip file and a file that cannot be read are told in a line', async () => {
  const [damaged = ''] = await filesOf({
    'v4.csv.gz': Buffer.from('\u001f\u008b\bgarbage', 'latin1'),
  });
  await expect(openFiles([damaged])).rejects.toThrow(
    `${damaged}: found a gzip file that does not unpack`,
  );
  const missing = join(await temporaryFolder(), 'none.csv');
  await expect(openCsvFiles([missing])).rejects.toThrow(
    `${missing}: cannot be read: no such file or directory`,
  );
});
