import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Reader, type CountryResponse } from 'maxmind';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';

import { renderMmdb } from '../../src/formats/mmdb.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { hundredLists, hundredRanges, probesOf, textOf } from '../helpers/hundred-ranges.js';
import { addressSet } from '../helpers/lists.js';
import { systemTest } from '../helpers/programs.js';
import { renderBytes, renderText } from '../helpers/render.js';
import { run } from '../helpers/run.js';

const PROBES = [...probesOf(4), ...probesOf(6)];
const SIZES = [24, 28, 32] as const;

/** The address of each line on standard input and its country code, if any. */
const ASK_MMDB = `
while read -r address; do
  printf '%s %s\\n' "$address" \\
    "$(mmdblookup --file "$0" --ip "$address" country iso_code 2>&1 | tr -d ' \\n')"
done`;

describe('mmdb', () => {
  for (const size of SIZES) {
    const bytes = () =>
      Buffer.concat(
        renderMmdb({ lists: hundredLists(), notices: [] }, { families: [4, 6], maxLines: 1 }, size),
      );

    systemTest(
      `mmdblookup finds the hundred ranges, ${size}-bit records`,
      ['mmdblookup'],
      async () => {
        const file = join(await temporaryFolder(), 'country.mmdb');
        await writeFile(file, bytes());
        const input = PROBES.map(({ address }) => `${address}\n`).join('');
        const { stdout } = await run('sh', ['-c', ASK_MMDB, file], { input, timeoutMs: 60_000 });
        const lines = stdout.trimEnd().split('\n');
        expect(lines).toHaveLength(PROBES.length);
        const wrong = PROBES.filter(({ address, list }, k) => {
          const answer = (lines[k] as string).slice(address.length + 1);
          if (list !== undefined) return answer !== `"${list.toUpperCase()}"<utf8_string>`;
          return !answer.startsWith('CouldnotfindanentryforthisIPaddress');
        });
        expect(wrong).toEqual([]);
      },
    );

    test(`maxmind finds the hundred ranges, ${size}-bit records`, () => {
      const reader = new Reader<CountryResponse>(bytes());
      const wrong = PROBES.filter(
        ({ address, list }) => reader.get(address)?.country?.iso_code !== list?.toUpperCase(),
      );
      expect(wrong).toEqual([]);
    });
  }

  test('says what it is, and gives names', () => {
    const reader = new Reader<CountryResponse>(
      renderBytes('mmdb', hundredLists(), { dataTimeSeconds: 1_700_000_000 }),
    );
    expect(reader.metadata).toMatchObject({
      databaseType: 'GeoLite2-Country',
      ipVersion: 6,
      recordSize: 24,
      buildEpoch: new Date(1_700_000_000_000),
    });
    expect(reader.get('255.255.255.255')?.country?.names.en).toBe('South Korea');
    expect(reader.get('::ffff:255.255.255.255')?.country?.iso_code).toBe('KR');
  });

  test('the first list has what two lists give to different countries', () => {
    const [kr, jp] = [addressSet('10.0.0.0/16'), addressSet('10.0.128.0-10.1.255.255')];
    const lists = [
      { name: 'kr', addresses: kr, countries: [{ cc: 'KR', addresses: kr }] },
      { name: 'jp', addresses: jp, countries: [{ cc: 'JP', addresses: jp }] },
    ];
    const codesOf = (all: typeof lists) => {
      const reader = new Reader<CountryResponse>(renderBytes('mmdb', all));
      return ['10.0.127.255', '10.0.128.0', '10.0.255.255', '10.1.0.0'].map(
        (address) => reader.get(address)?.country?.iso_code,
      );
    };
    expect(codesOf(lists)).toEqual(['KR', 'KR', 'KR', 'JP']);
    expect(codesOf(lists.reverse())).toEqual(['KR', 'JP', 'JP', 'JP']);
  });
});

describe('csv and json', () => {
  const expected = [...hundredRanges(4), ...hundredRanges(6)];

  test('csv-parse reads the hundred ranges', () => {
    const rows = parse<Record<string, string>>(renderText('csv', hundredLists()), {
      columns: true,
    });
    expect(Object.keys(rows[0] ?? {})).toEqual(['list', 'country', 'family', 'first', 'last']);
    const found = rows.map(
      (row) =>
        `${row['list']} ${row['country']} ${canonical(row['first'])} ${canonical(row['last'])}`,
    );
    const wanted = expected.map(
      ({ family, list, first, last }) =>
        `${list} ${list.toUpperCase()} ${textOf(family, first)} ${textOf(family, last)}`,
    );
    expect(found.sort()).toEqual(wanted.sort());
  });

  test('JSON.parse reads the hundred ranges, their prefixes and counts', () => {
    const text = renderText('json', hundredLists());
    const { lists } = JSON.parse(text) as { lists: JsonList[] };
    const found = lists.flatMap(({ name, ipv4, ipv6 }) =>
      [...ipv4.ranges, ...ipv6.ranges].map(
        ([first, last]) => `${name} ${canonical(first)} ${canonical(last)}`,
      ),
    );
    const wanted = expected.map(
      ({ family, list, first, last }) => `${list} ${textOf(family, first)} ${textOf(family, last)}`,
    );
    expect(found.sort()).toEqual(wanted.sort());
    const prefixes = lists.flatMap(({ ipv4, ipv6 }) => [...ipv4.prefixes, ...ipv6.prefixes]);
    expect(prefixes.join('\n')).toBe(renderText('cidr', hundredLists()).trimEnd());
    for (const { name, ipv4, ipv6 } of lists) {
      const size = expected
        .filter(({ family, list }) => family === 4 && list === name)
        .reduce((sum, { first, last }) => sum + (last - first + 1n), 0n);
      expect(BigInt(ipv4.addressCount)).toBe(size);
      for (const one of [ipv4, ipv6]) {
        expect(one.rangeCount).toBe(one.ranges.length);
        expect(one.prefixCount).toBe(one.prefixes.length);
      }
    }
  });
});

interface JsonSet {
  rangeCount: number;
  prefixCount: number;
  addressCount: number;
  ranges: [string, string][];
  prefixes: string[];
}
interface JsonList {
  name: string;
  ipv4: JsonSet;
  ipv6: JsonSet;
}

/** Eight groups without `::`, as the test ranges are written. */
function canonical(text = ''): string {
  if (!text.includes(':')) return text;
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const missing = 8 - groups(head).length - groups(tail).length;
  return [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail)].join(':');
}
