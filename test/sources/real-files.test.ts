import { describe, expect } from 'vitest';

import { forEachPrefixText } from '../../src/formats/text.js';
import { openStatisticsFiles } from '../../src/sources/open-files.js';
import { scanStatistics } from '../../src/sources/statistics/scan.js';
import { readFileSync } from 'node:fs';
import { sharedDataTest, sharedFile } from '../helpers/shared-data.js';
import { naiveCountries } from './naive-countries.js';

/** Files of about one date, as the data's description groups them. */
const SETS: Record<string, readonly string[]> = {
  '2026-01': ['apnic-20260131', 'lacnic-20260129', 'afrinic-20260130'],
  '2026-06': ['apnic-20260618', 'afrinic-extended-20260505'],
  '2025-09': ['apnic-20250904'],
  '2024-01, extended': ['lacnic-extended-20240104', 'afrinic-extended-20240105'],
  '2016-01, extended': [
    'apnic-extended-20160131',
    'lacnic-extended-20160129',
    'afrinic-extended-20160130',
  ],
  '2014-07': ['apnic-20140701', 'ripencc-20140630', 'lacnic-20140629', 'afrinic-20140630'],
  '2013-08': ['apnic-20130813', 'arin-20130813', 'lacnic-20130812', 'ripencc-20130812'],
  '2010-12': ['apnic-20101217'],
};

const OTHERS: Record<string, readonly string[]> = {
  '2019-09, with md5': [
    'md5/delegated-apnic-latest',
    'md5/delegated-lacnic-latest',
    'md5/delegated-afrinic-latest',
  ],
  '2019-09, extended, with md5': ['md5/delegated-afrinic-extended-latest'],
  '2019-09, excerpts': ['apnic', 'arin', 'ripencc', 'lacnic', 'afrinic'].map(
    (name) => `excerpts/delegated-${name}-extended-201909-excerpt`,
  ),
};

const ALL: [string, readonly string[]][] = [
  ...Object.entries(SETS).map(([name, files]): [string, string[]] => [
    name,
    files.map((file) => sharedFile(`delegated-${file}`)),
  ]),
  ...Object.entries(OTHERS).map(([name, files]): [string, string[]] => [
    name,
    files.map(sharedFile),
  ]),
];

describe('every country of real files equals the naive implementation', () => {
  for (const [name, paths] of ALL) {
    sharedDataTest(name, () => {
      const { table } = openStatisticsFiles(paths);
      const expected = naiveCountries(paths);
      const found = new Map<string, string[]>();
      for (const [cc, { addresses }] of table) {
        for (const set of [addresses.v4, addresses.v6]) {
          const texts: string[] = [];
          forEachPrefixText(set, (text) => texts.push(text));
          if (texts.length > 0) found.set(`${cc}/${set.family}`, texts);
        }
      }
      expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
      expect(expected.size).toBeGreaterThan(5);
      for (const [key, texts] of expected) expect(found.get(key), key).toEqual(texts);
    });
  }
});

describe('facts about real files', () => {
  sharedDataTest('the damaged files are refused, with the line', () => {
    expect(() =>
      openStatisticsFiles([sharedFile('damaged/delegated-apnic-20241117-resumed')]),
    ).toThrow(/resumed:80261: found CN\|ipv6\|240e:400::\|22.*423 bad lines.*expected a record/);
    expect(() =>
      openStatisticsFiles([sharedFile('damaged/delegated-iana-20190911-resumed')]),
    ).toThrow(/names no countries/);
  });

  sharedDataTest("IANA's file is refused since it names no countries", () => {
    expect(() => openStatisticsFiles([sharedFile('delegated-iana-20181125')])).toThrow(
      /registry "iana".*names no countries.*expected one of apnic/,
    );
  });

  sharedDataTest("LACNIC's wrong asn summary and header total are no damage", () => {
    const file = scanStatistics(readFileSync(sharedFile('delegated-lacnic-20260129')));
    expect(file.counts.asn).toBe(14034);
    expect(file.summaries.asn).toBe(15540);
    expect(openStatisticsFiles([sharedFile('delegated-lacnic-20260129')]).table.has('BR')).toBe(
      true,
    );
  });

  sharedDataTest('the newer of two files of one registry counts, with a note', () => {
    const names = ['delegated-apnic-20260618', 'delegated-apnic-20260131'].map(sharedFile);
    for (const paths of [names, names.toReversed()]) {
      const data = openStatisticsFiles(paths);
      expect(data.origins).toEqual(['apnic 20260618 (plain)']);
      expect(data.notes).toHaveLength(1);
      expect(data.notes[0]).toMatch(/20260131: passed over/);
    }
  });
});
