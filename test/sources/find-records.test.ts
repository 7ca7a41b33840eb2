import { join } from 'node:path';

import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';

import { type Address, formatAddress, formatWords, parseAddress } from '../../src/ip/address.js';
import { type CountryData, findRecord } from '../../src/sources/country-data.js';
import { findRecords } from '../../src/sources/find-records.js';
import { openStatisticsFiles } from '../../src/sources/open-files.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { sharedDataTest, sharedFile } from '../helpers/shared-data.js';
import { statisticsText } from '../helpers/statistics-text.js';

const KEEP = { keepStatistics: true };

function address(text: string): Address {
  const parsed = parseAddress(text);
  if ('expected' in parsed) throw new Error(text);
  return parsed;
}

/** The same, one address after the other. */
function oneByOne(data: CountryData, addresses: readonly Address[]): Map<string, unknown> {
  return new Map(
    addresses.flatMap((each) => {
      const record = findRecord(data, each);
      return record === undefined ? [] : [[formatAddress(each), record] as const];
    }),
  );
}

describe('records of many addresses', () => {
  test('are those that each has by itself', async () => {
    const folder = await temporaryFolder();
    // a block that stands in two files, in one as reserved
    const apnic = statisticsText({
      records: [
        { cc: 'KR', start: '1.16.0.0', value: 49152 },
        { cc: 'JP', start: '133.0.0.0', value: 16384 },
        { cc: 'KR', start: '2001:220::', value: 32 },
      ],
    });
    const reserved = statisticsText({
      registry: 'arin',
      records: [
        { cc: 'US', start: '1.16.0.0', value: 65536 },
        { cc: 'US', start: '8.8.8.0', value: 256 },
      ],
    }).replace('allocated', 'reserved');
    await writeFile(join(folder, 'arin'), reserved);
    await writeFile(join(folder, 'apnic'), apnic);
    const data = openStatisticsFiles([join(folder, 'arin'), join(folder, 'apnic')], KEEP);
    const texts = [
      ...['1.15.255.255', '1.16.0.0', '1.16.191.255', '1.16.192.0', '1.17.0.0', '133.0.63.255'],
      ...['223.255.255.255', '0.0.0.0', '2001:220::', '2001:220:ffff::1', '2001:221::', '::'],
    ];
    const found = findRecords(data, texts.map(address));
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(oneByOne(data, texts.map(address))),
    );
    expect(found.get('1.16.0.0')).toMatchObject({ registry: 'apnic', status: 'allocated' });
    expect(found.get('1.16.192.0')).toMatchObject({ registry: 'arin', status: 'reserved' });
    expect([...found.keys()]).toHaveLength(6);
    expect(findRecords(data, [])).toEqual(new Map());
  });

  sharedDataTest('of real files: both ends of records here and there', () => {
    const names = ['apnic-20130813', 'arin-20130813', 'lacnic-20130812', 'ripencc-20130812'];
    const data = openStatisticsFiles(
      names.map((name) => sharedFile(`delegated-${name}`)),
      KEEP,
    );
    const addresses = data.statistics.flatMap(({ file }) =>
      ([4, 6] as const).flatMap((family) => {
        const { firsts, lasts, words, length } = family === 4 ? file.ipv4 : file.ipv6;
        const picked = Array.from({ length: 12 }, (_, n) => Math.floor((n * length) / 12) * words);
        return picked.flatMap((at) =>
          [firsts, lasts].map((column) => address(formatWords(family, column, at))),
        );
      }),
    );
    expect(findRecords(data, addresses)).toEqual(oneByOne(data, addresses));
  });
});
