import { describe, expect, test } from 'vitest';

import { makeZone } from '../../../src/dnsbl/rbldnsd/make-zone.js';
import { formatName, parseName } from '../../../src/dnsbl/wire/name.js';
import { NOW_MS, dataset, inShort, read } from './read.js';

const ZONE = parseName('bl.test') as Uint8Array;
const ENTRY = '\n1.1.1.1\n';

describe('$SOA and $NS', () => {
  test('the first one wins, in any case and behind any mark', () => {
    const text =
      '#$soa 0 Ns.test. admin.test 7 1h 30m 1w 5m\n$SOA 1 x.test x.test 1 1 1 1 1\n' +
      ';$NS 1d a.test -b.test A.TEST c.test\n:$nameserver 1 d.test';
    const { soa, nameServers } = makeZone(ZONE, [dataset('ip4set', text + ENTRY)]);
    expect(soa).toMatchObject({ ttlSeconds: 2100, serial: 7, refreshSeconds: 3600 });
    expect(soa).toMatchObject({ retrySeconds: 1800, expireSeconds: 604_800, minimumSeconds: 300 });
    expect([soa?.primary, soa?.person].map((name) => name && formatName(name))).toEqual([
      'Ns.test',
      'admin.test',
    ]);
    expect(nameServers?.ttlSeconds).toBe(86_400);
    expect(nameServers?.names.map((name) => formatName(name))).toEqual(['a.test', 'c.test']);
  });

  test("serial 0 is the newest file's time; the first dataset that has them decides", () => {
    const one = dataset('ip4set', [ENTRY, ENTRY, ENTRY]);
    const two = dataset('ip4set', `$SOA 1 a.test b.test 0 1 1 1 1${ENTRY}`);
    expect(makeZone(ZONE, [one, two]).soa?.serial).toBe(3);
  });

  test('answers of several datasets keep their layers', () => {
    const one = dataset('ip4set', '1.1.1.1 :3\n');
    const two = dataset('dnset', 'a.test :4\n!b.test\n');
    const acl = dataset('acl', '127.0.0.1 :5\n127.0.0.3 :refuse\n');
    const { answers, groups, access } = makeZone(ZONE, [one, two], acl);
    expect(answers.map(inShort)).toEqual([['A 3'], ['A 4'], ['A 5']]);
    expect([...(groups[1]?.branches[0]?.names[0]?.answers ?? [])]).toEqual([1, 0xffff_ffff]);
    expect([...(access?.v4.answers ?? [])]).toEqual([18, 2]);
  });

  test.each([
    '$SOA',
    '$SOA 1 a b 1 1 1 1',
    '$SOA 1 a b 1 1 1 1 1 1',
    '$SOA x a b 1 1 1 1 1',
    '$NS 1h',
    '$NS a.test',
    '$TTL',
    '$TTL 1x',
    '$MAXRANGE4 0',
    '$MAXRANGE4 /33',
    '$1',
    '$10 x',
    '$TIMESTAMP 2005',
    '$TIMESTAMP 2005:13:01',
    '$TIMESTAMP 2005:02:29',
    '$TIMESTAMP 0 +1h',
    '$OTHER x',
    '$DATASET ip4set @',
  ])('%s warns', (line) => {
    const { warnings } = read('ip4set', line + ENTRY);
    expect(warnings).toEqual([
      { file: 'one', line: 1, found: line, expected: expect.stringMatching(/\$|number|name/) },
    ]);
  });

  test('an acl has neither', () => {
    expect(read('acl', '$SOA 1 a b 1 1 1 1 1\n$NS 1 a\n1.1.1.1\n').warningCount).toBe(2);
  });
});

describe('$TTL', () => {
  test('the last one holds for all entries, within the bounds of -t', () => {
    const ttl = (text: string, settings = {}): number | undefined =>
      dataset('ip4set', text, settings).answers[0]?.records[0]?.ttlSeconds;
    expect(ttl(`1.1.1.1\n$TTL 2h\n`)).toBe(7200);
    expect(ttl(`$TTL 1w\n$TTL 0${ENTRY}`)).toBe(2100);
    const bounds = { minimumTtlSeconds: 60, maximumTtlSeconds: 3600 };
    expect(ttl(`$TTL 1${ENTRY}`, bounds)).toBe(60);
    expect(ttl(`$TTL 1d${ENTRY}`, bounds)).toBe(3600);
  });
});

describe('$TIMESTAMP', () => {
  const expires = (...lines: string[]): number | undefined =>
    dataset('ip4set', lines.join('\n') + ENTRY).header.expiresAtMs;

  test('the earliest expiry counts', () => {
    expect(expires('$TIMESTAMP 2005:03:04')).toBeUndefined();
    expect(expires('$TIMESTAMP 20050304 2027-01-02-03-04-05', '$TIMESTAMP - 2028:01:01')).toBe(
      Date.UTC(2027, 0, 2, 3, 4, 5),
    );
    expect(expires('$TIMESTAMP 2024:02:29:10 +1d')).toBe(Date.UTC(2024, 2, 1, 10));
  });

  test('in the future the whole fails', () => {
    expect(read('ip4set', `$TIMESTAMP 2026:01:02:13${ENTRY}`).failure).toBe(
      'one:1: $TIMESTAMP is 3600 s in the future',
    );
    const settings = { nowMs: NOW_MS + 3_600_000 };
    expect(read('ip4set', `$TIMESTAMP 2026:01:02:13${ENTRY}`, settings).failure).toBeUndefined();
  });
});

describe('lines', () => {
  test('$MAXRANGE4 only shrinks, and leaves out what is larger', () => {
    const text = '$MAXRANGE4 /24\n$MAXRANGE4 1000\n1.1.0/24\n2.2.0/23\n3.3.0.0-3.3.1.0\n';
    expect(read('ip4set', text)).toMatchObject({ warningCount: 3, dataset: { entryCount: 1 } });
  });

  test('the first five warnings are told, all are counted', () => {
    const { warnings, warningCount } = read('ip4set', `1.1.1.1\n${'bad\n'.repeat(20)}`);
    expect(warnings).toHaveLength(5);
    expect(warningCount).toBe(20);
  });

  test('a last line without newline is read, with a warning; a carriage return is no space', () => {
    expect(read('ip4set', '1.1.1.1')).toMatchObject({
      warningCount: 1,
      dataset: { entryCount: 1 },
    });
    expect(read('ip4set', '1.1.1.1\n2.2.2.2\r\n')).toMatchObject({ warningCount: 1 });
  });

  test('files without a single right line fail; empty ones do not', () => {
    expect(read('ip4set', ['bad\n', 'worse\n']).failure).toBe(
      'one, two: none of 2 lines could be read as ip4set',
    );
    expect(read('ip4set', '# nothing\n').failure).toBeUndefined();
  });
});
