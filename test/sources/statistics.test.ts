import { gzipSync } from 'node:zlib';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseIPv6 } from '../../src/ip/address.js';
import { forEachPrefixText } from '../../src/formats/text.js';
import { countryTableOf } from '../../src/sources/country-table.js';
import { openFiles } from '../../src/sources/open-files.js';
import { damageText, findDamage } from '../../src/sources/statistics/check.js';
import { readIPv4, readIPv6, readNumber } from '../../src/sources/statistics/fields.js';
import { scanStatistics } from '../../src/sources/statistics/scan.js';
import { parseSerial } from '../../src/sources/statistics/serial.js';
import { isIPv4 } from 'node:net';
import { temporaryFolder } from '../helpers/cleanup.js';
import { statisticsText } from '../helpers/statistics-text.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const REGISTRIES = ['apnic', 'ripencc', 'arin', 'lacnic', 'afrinic'];

function damageOf(text: string): string | undefined {
  const damage = findDamage(scanStatistics(bytesOf(text)), REGISTRIES);
  return damage && damageText('file', damage);
}

function prefixesOf(text: string, cc: string): string[] {
  const holdings = countryTableOf([scanStatistics(bytesOf(text))]).get(cc);
  const texts: string[] = [];
  for (const set of [holdings?.addresses.v4, holdings?.addresses.v6]) {
    if (set) forEachPrefixText(set, (prefix) => texts.push(prefix));
  }
  return texts;
}

/** A file from record lines alone, with header and summaries that fit. */
function fileOf(...lines: string[]): string {
  const count = (type: string): number =>
    lines.filter((line) => line.split('|')[2] === type).length;
  return [
    '2|apnic|20260618|0|19830613|20260617|+1000',
    ...['asn', 'ipv4', 'ipv6'].map((type) => `apnic|*|${type}|*|${count(type)}|summary`),
    ...lines,
    '',
  ].join('\n');
}

describe('records', () => {
  test.each([
    [
      'no power of two',
      ['apnic|ZA|ipv4|164.146.0.0|393216|20000101|allocated'],
      ['164.146.0.0/15', '164.148.0.0/14'],
    ],
    [
      'unaligned',
      ['apnic|ZA|ipv4|168.209.0.0|131072|20000101|allocated'],
      ['168.209.0.0/16', '168.210.0.0/16'],
    ],
    [
      'smaller than 256',
      ['apnic|ZA|ipv4|192.0.2.8|48|20000101|assigned'],
      ['192.0.2.8/29', '192.0.2.16/28', '192.0.2.32/28', '192.0.2.48/29'],
    ],
    [
      'up to the end of the space',
      ['apnic|ZA|ipv4|255.255.255.0|256|20000101|assigned'],
      ['255.255.255.0/24'],
    ],
    [
      'adjoining, of any date, holder and order',
      [
        'apnic|ZA|ipv4|203.0.113.128|128|20200101|assigned|B',
        'apnic|ZA|ipv4|203.0.113.0|128|20000101|allocated|A',
      ],
      ['203.0.113.0/24'],
    ],
    [
      'IPv6',
      [
        'apnic|ZA|ipv6|2001:db8::|33|20000101|allocated',
        'apnic|ZA|ipv6|2001:db8:8000::|33|20000101|assigned',
      ],
      ['2001:db8::/32'],
    ],
    [
      "available and reserved space is nobody's",
      [
        'apnic|ZA|ipv4|192.0.2.0|256||available',
        'apnic|ZA|ipv4|198.51.100.0|256||reserved|x',
        'apnic|ZA|ipv4|203.0.113.0|256||assigned',
      ],
      ['203.0.113.0/24'],
    ],
  ])('%s', (_, lines, expected) => {
    const text = fileOf(...lines);
    expect(damageOf(text)).toBeUndefined();
    expect(prefixesOf(text, 'ZA')).toEqual(expected);
  });

  test('without a country belong to no list', () => {
    const text = fileOf('apnic||ipv6|2001:de3::|48|20250703|assigned');
    expect(damageOf(text)).toBeUndefined();
    expect(countryTableOf([scanStatistics(bytesOf(text))]).size).toBe(0);
  });

  test('of several registries are merged', () => {
    const one = scanStatistics(bytesOf(fileOf('apnic|KR|ipv4|203.0.113.0|128|20200101|assigned')));
    const two = scanStatistics(
      bytesOf(fileOf('apnic|KR|ipv4|203.0.113.128|128|20200101|assigned')),
    );
    const holdings = countryTableOf([one, two]).get('KR');
    expect(holdings?.records4).toBe(2);
    expect(holdings?.addresses.v4.length).toBe(1);
  });

  test('lines may end in CR LF, comments and holder ids are passed over', () => {
    const text = '# comment\n#\n' + fileOf('apnic|KR|ipv4|203.0.113.0|256|20200101|assigned|A91|x');
    expect(damageOf(text)).toMatch(/file:7: .*7 or 8 fields/); // nine are too many
    const good = '# comment\n' + fileOf('apnic|KR|ipv4|203.0.113.0|256|20200101|assigned|A91');
    expect(prefixesOf(good.replaceAll('\n', '\r\n'), 'KR')).toEqual(['203.0.113.0/24']);
  });
});

describe('a file that is not whole is refused with the place', () => {
  const good = fileOf(
    'apnic|KR|ipv4|203.0.113.0|256|20200101|assigned',
    'apnic|KR|ipv6|2001:db8::|32|20200101|assigned',
  );

  test('the file that the rows spoil is good', () => expect(damageOf(good)).toBeUndefined());

  const change = (from: string, to: string): string => {
    expect(good).toContain(from);
    return good.replace(from, to);
  };
  test.each([
    ['empty', '', 'file: found an empty file; expected a statistics file'],
    ['only comments', '# x\n', 'file: found an empty file; expected a statistics file'],
    [
      'HTML',
      '<!DOCTYPE html>\n<html>\n',
      'file:1: found <!DOCTYPE html>; expected a header line 2|registry|',
    ],
    [
      'another version',
      change('2|apnic', '3|apnic'),
      'file:1: found 3|apnic|20260618|0|19830613|20260617|+1000; expected version 2 or 2.x',
    ],
    ['a serial of no time', change('20260618', 'soon'), 'expected a serial'],
    [
      'IANA',
      good.replaceAll('apnic', 'iana'),
      'registry "iana" (IANA\'s file names no countries); expected one of apnic, ',
    ],
    [
      'another registry within',
      change('apnic|KR|ipv6', 'arin|KR|ipv6'),
      'file:6: found arin|KR|ipv6|2001:db8::|32|20200101|assigned; expected registry apnic',
    ],
    [
      'a cut last line',
      good.slice(0, -1),
      'file: found a last line without its end; expected a whole file',
    ],
    ['a cut last record', good.slice(0, -20), 'a last line without its end'],
    [
      'a missing record',
      change('apnic|KR|ipv6|2001:db8::|32|20200101|assigned\n', ''),
      'file: found 0 ipv6 records; expected 1, which the summary line promises',
    ],
    ['a missing summary', change('apnic|*|ipv4|*|1|summary\n', ''), 'found no ipv4 summary line'],
    ['header only', '2|apnic|20260618|0|19830613|20260617|+1000\n', 'found no ipv4 summary line'],
    ['no address at all', fileOf(), 'file: found no address records; expected some'],
    [
      'a fragment',
      change('apnic|KR|ipv6', 'ocated\napnic|KR|ipv6'),
      'file:6: found ocated; expected a record of 7 or 8 fields',
    ],
    [
      'a blank line',
      change('apnic|KR|ipv6', '\napnic|KR|ipv6'),
      'file:6: found ; expected a record',
    ],
    [
      'an address',
      change('203.0.113.0|', '203.0.113|'),
      'expected an IPv4 address in the fourth field',
    ],
    ['an octal address', change('203.0.113.0|', '203.0.0113.0|'), 'expected an IPv4 address'],
    ['no count', change('|256|', '|0|'), 'expected a count of addresses'],
    [
      'a count past the end',
      change('203.0.113.0|256', '255.255.255.0|257'),
      'expected a count that ends within',
    ],
    ['a prefix length', change('|32|', '|129|'), 'expected a prefix length'],
    [
      'host bits',
      change('2001:db8::|32', '2001:db8::|28'),
      'no host bits set below the prefix length 28',
    ],
    ['a country', change('|KR|ipv4', '|Kr|ipv4'), 'expected a country code of two capital letters'],
    ['a type', change('|ipv6|2001', '|ipv8|2001'), 'expected type asn, ipv4 or ipv6'],
  ])('%s', (_, text, message) => expect(damageOf(text)).toContain(message));

  test('control characters of a damaged file do not reach the terminal', () => {
    expect(damageOf('\u001b[2Jx\n')).toContain('found ?[2Jx;');
  });

  test("an unknown status is counted and is nobody's space", () => {
    const text = change('20200101|assigned\napnic|KR|ipv6', '20200101|quarantined\napnic|KR|ipv6');
    expect(scanStatistics(bytesOf(text)).unknownStatuses).toBe(1);
    expect(damageOf(text)).toBeUndefined();
    expect(prefixesOf(text, 'KR')).toEqual(['2001:db8::/32']);
  });

  test('a file in which nothing is held by anybody is not plausible', () => {
    const text = good.replaceAll('assigned', 'held').replaceAll('allocated', 'available');
    expect(damageOf(text)).toContain('found no allocated or assigned address record');
  });
});

describe('field readers take what the strict parsers take', () => {
  const read = (text: string): number => readIPv4(bytesOf(text), 0, text.length);

  test('IPv4', () => {
    const part = fc.constantFrom('0', '1', '12', '255', '256', '01', '', 'a', '1000');
    fc.assert(
      fc.property(fc.array(part, { minLength: 3, maxLength: 5 }), (parts) => {
        const text = parts.join('.');
        expect(read(text) >= 0, text).toBe(isIPv4(text));
      }),
      { numRuns: 2000 },
    );
    expect(read('255.255.255.255')).toBe(0xffffffff);
  });

  test('IPv6', () => {
    const piece = fc.constantFrom('', ':', '::', '0', '1', 'ffff', 'FFFF', 'fffff', 'g', 'ab');
    const words = new Uint32Array(4);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const text = pieces.join(':');
        fc.pre(text.includes(':'));
        const expected = parseIPv6(text);
        expect(readIPv6(bytesOf(text), 0, text.length, words, 0), text).toBe(
          expected !== undefined,
        );
        if (expected) expect(words).toEqual(expected);
      }),
      { numRuns: 5000 },
    );
  });

  test('numbers', () => {
    const number = (text: string): number => readNumber(bytesOf(text), 0, text.length);
    expect(['0', '256', '4294967296', '', '-1', '1a', '12345678901'].map(number)).toEqual([
      0, 256, 4294967296, -1, -1, -1, -1,
    ]);
  });
});

test('serials become times', () => {
  expect(parseSerial('20260618')).toBe(Date.parse('2026-06-18T00:00:00Z'));
  expect(parseSerial('1404165599')).toBe(1404165599_000);
  expect(parseSerial('1567951216119')).toBe(1567951216119);
  for (const text of ['', '20261318', 'x', '2026', '-1']) expect(parseSerial(text)).toBeUndefined();
});

describe('files named on the command line', () => {
  test('may be gzip, and folders of delegated files', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'delegated-apnic-latest.gz'), gzipSync(statisticsText()));
    await writeFile(join(folder, 'delegated-arin'), statisticsText({ registry: 'arin' }));
    await writeFile(join(folder, 'delegated-arin.md5'), 'MD5 (x) = 0\n');
    await writeFile(join(folder, 'README.md'), 'not data');
    const data = await openFiles([folder]);
    expect(data.origins).toEqual(['apnic 20260601 (plain)', 'arin 20260601 (plain)']);
    expect(data.table.get('KR')?.records4).toBe(4);
    expect(data.missing).toEqual(['ripencc', 'lacnic', 'afrinic']);
  });

  test('keep their text and records in memory only where look-ups are wanted', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'delegated-apnic');
    await writeFile(file, statisticsText());
    const kept = await openFiles([file]);
    const dropped = await openFiles([file], { keepStatistics: false });
    expect(kept.statistics.map(({ path, bytes }) => [path, bytes.length])).toEqual([
      [file, statisticsText().length],
    ]);
    expect(dropped).toEqual({ ...kept, statistics: [] });
  });

  test('are refused where they are missing, damaged, or of two kinds', async () => {
    const folder = await temporaryFolder();
    const file = (name: string): string => join(folder, name);
    await expect(openFiles([file('none')])).rejects.toThrow(/expected a file or folder/);
    await expect(openFiles([folder])).rejects.toThrow(/no delegated-… or \.csv file/);
    await writeFile(file('cut.gz'), gzipSync(statisticsText()).subarray(0, 60));
    await expect(openFiles([file('cut.gz')])).rejects.toThrow(/does not unpack/);
    await writeFile(file('apnic'), statisticsText());
    await writeFile(file('x.csv'), '1.0.0.0,1.0.0.255,AU\n');
    await expect(openFiles([file('apnic'), file('x.csv')])).rejects.toThrow(/files of one kind/);
  });
});
