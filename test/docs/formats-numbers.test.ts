import { describe, expect, test } from 'vitest';

import { documentsAt, contentOf } from '../../src/exports/documents.js';
import { type CountryData, noticesOf } from '../../src/sources/country-data.js';
import { findFormat } from '../../src/formats/index.js';
import { type ChainRule, chainsOf, maxRulesTested } from '../../src/formats/prefix-chains.js';
import { FAMILIES, type Family } from '../../src/ip/family.js';
import { listOfCountries } from '../../src/lists/catalogue.js';
import { openFiles } from '../../src/sources/open-files.js';
import { addressSet } from '../helpers/lists.js';
import { renderText } from '../helpers/render.js';
import { PAGE } from './formats-example.js';
import { sharedDataTest, sharedFile } from '../helpers/shared-data.js';

/*
 * The sizes that docs/formats.md tells, counted anew on the files that it names.
 */

const OF_2013 = ['apnic-20130813', 'arin-20130813', 'lacnic-20130812', 'ripencc-20130812'];

const TODAY = ['apnic-20260618'];

describe('sizes in docs/formats.md', () => {
  sharedDataTest('lines of a file for one country', async () => {
    const data = await open(TODAY);
    const [, head = '', rows = ''] =
      /^\| lines for +\|(.*)\|\n\|[-| :]+\|\n((?:\|.*\n)+)/m.exec(PAGE) ?? [];
    const countries = head.split('|').map((cell) => cell.trim());
    expect(countries).toEqual(['KR', 'CN', 'JP']);
    const told = [...rows.matchAll(/^\| `(\S+)`(.*?)\|(.*)\|$/gm)];
    expect(told.length).toBeGreaterThan(5);
    for (const [, format = '', remark = '', cells = ''] of told) {
      const families: readonly Family[] = remark.includes('IPv4') ? [4] : FAMILIES;
      const counted = countries.map((cc) =>
        linesOf(data, format, cc, families).toLocaleString('en'),
      );
      expect([format, ...cells.split('|').map((cell) => cell.trim())]).toEqual([
        format,
        ...counted,
      ]);
    }
  });

  sharedDataTest('the one country that passes the limit', async () => {
    const data = await open(OF_2013);
    for (const format of ['bind', 'sendmail-access']) {
      const long = [...data.table.keys()].filter((cc) => linesOf(data, format, cc) > 500_000);
      expect(long).toEqual(['US']);
      expect(PAGE).toContain(linesOf(data, format, 'US').toLocaleString('en'));
    }
    for (const format of ['cidr', 'ipset', 'rbldnsd', 'postfix-cidr', 'tcprules', 'iptables']) {
      const families: readonly Family[] = format === 'tcprules' ? [4] : FAMILIES;
      expect(linesOf(data, format, 'US', families)).toBeLessThan(500_000);
    }
  });

  sharedDataTest('rules that a packet meets', async () => {
    const { table } = await open(TODAY);
    const { addresses } = listOfCountries('x', ['KR', 'CN', 'TW', 'HK'], table, () => {});
    const prefixes = addresses.v4.countPrefixes().toLocaleString('en');
    const rules = longestWay(chainsOf(addresses.v4));
    const words = PAGE.replaceAll(/\s+/g, ' ');
    expect(words).toContain(
      `With the ${prefixes} IPv4 prefixes of China, Korea, Taiwan and Hong Kong`,
    );
    expect(words).toContain(`a packet meets ${rules} rules at most`);
    expect(words).toContain(`with 500,000 prefixes it would be ${maxRulesTested(500_000)},`);
  });
});

test('names of a whole /8 below 10.0.0.0 in a zone for named', () => {
  const zone = renderText('bind', [{ name: 'x', addresses: addressSet('5.0.0.0/8') }]);
  const names = [...zone.matchAll(/\tA\t127\.0\.0\.2$/gm)].length - 2; // the test entries
  expect(PAGE).toContain(`takes ${names.toLocaleString('en')} names`);
});

/** Statistics files by registry and day. */
function open(names: readonly string[]): Promise<CountryData> {
  return openFiles(names.map((name) => sharedFile(`delegated-${name}`)));
}

/** Lines that the program writes for one country; no limit. */
function linesOf(
  data: CountryData,
  name: string,
  country: string,
  families: readonly Family[] = FAMILIES,
): number {
  const format = findFormat(name);
  if (format === undefined) throw new Error(`docs/formats.md counts lines of ${name}, no format`);
  const list = listOfCountries(country.toLowerCase(), [country], data.table, () => {});
  const job = { format, lists: [list], families, maxLines: 2 ** 31, notices: noticesOf(data) };
  let lines = 0;
  for (const document of documentsAt('-', job)) {
    for (const piece of contentOf(document, job))
      lines += Buffer.from(piece).toString().split('\n').length - 1;
  }
  return lines;
}

/** The most rules that any address is tested against from a chain on. */
function longestWay(chains: readonly (readonly ChainRule[])[], start = 0): number {
  const rules = chains[start] ?? [];
  const ways = rules.map(
    ({ next }, k) => k + 1 + (next === undefined ? 0 : longestWay(chains, next)),
  );
  return Math.max(0, ...ways);
}
