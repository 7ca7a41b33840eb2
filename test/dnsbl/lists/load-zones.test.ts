import { chmod, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test, vi } from 'vitest';

import { parseConfig } from '../../../src/config/load.js';
import { load, makeZones } from '../../../src/dnsbl/lists/load-zones.js';
import { NO_COUNTRIES } from '../../../src/sources/country-data.js';
import { Asked, answersOf, rcodeOf } from '../../helpers/dnsbl.js';
import { temporaryFolder } from '../../helpers/cleanup.js';
import { dnsblName } from '../../helpers/dig.js';

const CONFIG = `
lists:
  asia: { countries: [KR, JP] }
  blocked: { file: blocked.txt }
  trusted: { file: trusted.txt }
dnsbl:
  max_age: 2d
  zones:
    - name: bl.example.net
      lists:
        asia: { code: 127.0.0.4, text: "$list $cc $prefix: $, $$" }
        blocked: { code: 127.0.0.9, text: "by hand: $reason" }
      allow: [trusted]
    - { name: cc.example.net, kind: country }
    - { name: asn.example.net, kind: origin }
`;

const STATISTICS = [
  '2|apnic|20261120|5|19830613|20261119|+0000',
  'apnic|*|ipv4|*|3|summary',
  'apnic|*|ipv6|*|1|summary',
  'apnic|*|asn|*|0|summary',
  'apnic|KR|ipv4|203.0.113.0|256|20100101|allocated',
  'apnic|JP|ipv4|198.51.100.0|128|20100101|allocated',
  'apnic|EU|ipv4|192.0.2.0|256|20100101|allocated',
  'apnic|JP|ipv6|2001:db8::|32|20100101|allocated',
  '',
].join('\n');

const NOW = Date.parse('2026-11-21T00:00:00Z');

async function setUp({ blocked = '', trusted = '', config = CONFIG } = {}) {
  const folder = await temporaryFolder();
  const statistics = join(folder, 'delegated-apnic-20261120');
  await writeFile(statistics, STATISTICS);
  await writeFile(join(folder, 'blocked.txt'), blocked);
  await writeFile(join(folder, 'trusted.txt'), trusted);
  const file = join(folder, 'sekisho.yaml');
  await writeFile(file, config);
  const hourBefore = NOW / 1000 - 3600;
  for (const name of [statistics, file, join(folder, 'blocked.txt'), join(folder, 'trusted.txt')]) {
    await utimes(name, hourBefore, hourBefore);
  }
  const loadAt = (nowMs: number) => load({ text: config, file, from: [statistics] }, nowMs);
  return { folder, file, loadAt };
}

async function askedOf(files: Parameters<typeof setUp>[0], nowMs = NOW) {
  const { loadAt } = await setUp(files);
  return new Asked((await loadAt(nowMs)).zones);
}

const bl = (address: string): string => `${address.split('.').reverse().join('.')}.bl.example.net`;

/** The texts of a name's TXT records, sorted. */
function textsAt(asked: Asked, name: string): string[] {
  return answersOf(asked.ask(name, 'TXT')).map((text) => text.slice('TXT '.length));
}

describe('a zone of lists', () => {
  test('fills in country, list, prefix and address', async () => {
    const asked = await askedOf({});
    expect(answersOf(asked.ask(bl('203.0.113.7'), 'TXT'))).toEqual([
      'TXT asia KR 203.0.113.0/24: 203.0.113.7, $',
    ]);
    expect(answersOf(asked.ask(bl('198.51.100.1'), 'TXT'))).toEqual([
      'TXT asia JP 198.51.100.0/25: 198.51.100.1, $',
    ]);
    expect(rcodeOf(asked.ask(bl('198.51.100.128'), 'A'))).toBe('NXDOMAIN');
  });

  test('several lists answer together', async () => {
    const asked = await askedOf({ blocked: '203.0.113.7 a\n' });
    expect(answersOf(asked.ask(bl('203.0.113.7'), 'A'))).toEqual(['A 127.0.0.4', 'A 127.0.0.9']);
    expect(answersOf(asked.ask(bl('203.0.113.8'), 'A'))).toEqual(['A 127.0.0.4']);
    expect([...asked.counters.lists.subarray(0, 2)]).toEqual([2, 1]);
  });

  test('the entry of the smallest range gives the reason', async () => {
    const asked = await askedOf({ blocked: '10.0.0.0/8 net\n10.0.0.1 host\n10.0.0.2-10.0.0.9\n' });
    const reason = (address: string) => answersOf(asked.ask(bl(address), 'TXT'));
    expect(reason('10.0.0.1')).toEqual(['TXT by hand: host']);
    expect(reason('10.0.0.5')).toEqual(['TXT by hand: ']);
    expect(reason('10.0.0.10')).toEqual(['TXT by hand: net']);
  });

  test('the listed prefix is told, however other lists and allow divide what answers', async () => {
    const config = `
lists:
  asia: { countries: [KR, JP] }
  net: { file: blocked.txt }
  except: { file: trusted.txt }
  both: { lists: [asia, net] }
dnsbl:
  zones:
    - name: bl.example.net
      lists:
        asia: { code: 127.0.0.2, text: "asia $prefix" }
        net: { code: 127.0.0.3, text: "net $prefix" }
        both: { code: 127.0.0.4, text: "$list $prefix" }
      allow: [except]
    - name: other.example.net
      lists: { net: { code: 127.0.0.2, text: "other $prefix" } }
`;
    const blocked = [
      '10.0.0.0/8',
      '10.0.0.0/9',
      '203.0.113.7',
      '203.0.113.8',
      '192.0.2.3-192.0.2.9',
    ];
    const asked = await askedOf({
      config,
      blocked: [...blocked, '2001:db8:1::/48', '2001:db8:1:2::3'].join('\n'),
      trusted: '10.200.0.1\n203.0.113.200\n2001:db8::1\n',
    });
    const texts = (name: string): string[] => textsAt(asked, name);
    expect(texts(bl('203.0.113.7'))).toEqual([
      'asia 203.0.113.0/24',
      'both 203.0.113.0/24',
      'net 203.0.113.7/32',
    ]);
    expect(texts(bl('203.0.113.201'))).toEqual(['asia 203.0.113.0/24', 'both 203.0.113.0/24']);
    expect(texts(bl('10.200.0.2'))).toEqual(['both 10.0.0.0/8', 'net 10.0.0.0/8']);
    expect(texts(bl('10.1.0.2'))).toEqual(['both 10.0.0.0/8', 'net 10.0.0.0/9']);
    expect(texts(bl('192.0.2.6'))[1]).toBe('net 192.0.2.4/30');
    expect(texts(bl('127.0.0.3'))).toEqual(['net 127.0.0.3/32']);
    expect(texts(bl('10.1.0.2').replace('bl.', 'other.'))).toEqual(['other 10.0.0.0/9']);
    const six = (address: string): string[] => texts(dnsblName(6, address, 'bl.example.net'));
    const all = ['asia 2001:db8::/32', 'both 2001:db8::/32'];
    const zeros = ':0000'.repeat(4);
    expect(six(`2001:0db8:0000:0000${zeros}`)).toEqual(all);
    const inner = `2001:0db8:0001:0002${zeros.slice(0, -1)}`;
    expect(six(`${inner}4`)).toEqual([...all, 'net 2001:db8:1::/48']);
    expect(six(`${inner}3`)).toEqual([...all, 'net 2001:db8:1:2::3/128']);
  });

  test('allowed addresses are never listed, by whatever list', async () => {
    const asked = await askedOf({ blocked: '203.0.113.7\n', trusted: '203.0.113.0/28\n' });
    expect(rcodeOf(asked.ask(bl('203.0.113.7'), 'A'))).toBe('NXDOMAIN');
    expect(rcodeOf(asked.ask(bl('203.0.113.16'), 'A'))).toBe('NOERROR');
  });

  test('test entries: each code, 127.0.0.2 always, 127.0.0.1 never (RFC 5782)', async () => {
    const asked = await askedOf({ blocked: '127.0.0.0/8\n0.0.0.0/0\n', trusted: '127.0.0.0/8\n' });
    expect(answersOf(asked.ask(bl('127.0.0.4'), 'A'))).toEqual(['A 127.0.0.4']);
    expect(answersOf(asked.ask(bl('127.0.0.9'), 'A'))).toEqual(['A 127.0.0.9']);
    expect(answersOf(asked.ask(bl('127.0.0.2'), 'A'))).toEqual(['A 127.0.0.4']);
    for (const address of ['127.0.0.1', '127.0.0.3', '127.9.9.9']) {
      expect(rcodeOf(asked.ask(bl(address), 'A')), address).toBe('NXDOMAIN');
    }
    const mapped = (last: string): string =>
      `${last}.0.0.0.0.0.f.7.f.f.f.f.${'0.'.repeat(20)}bl.example.net`;
    expect(answersOf(asked.ask(mapped('2'), 'A'))).toEqual(['A 127.0.0.4']);
    expect(rcodeOf(asked.ask(mapped('1'), 'A'))).toBe('NXDOMAIN');
  });

  test('entries that run out count to their time, which is when to load again', async () => {
    const until = '2026-11-21T00:00:10Z';
    const { loadAt } = await setUp({ blocked: `192.0.2.1 until=${until}\n` });
    const before = await loadAt(NOW);
    expect(before.nextChangeAtMs).toBe(Date.parse(until));
    expect(rcodeOf(new Asked(before.zones).ask(bl('192.0.2.1'), 'A'))).toBe('NOERROR');
    const after = await loadAt(Date.parse(until));
    expect(rcodeOf(new Asked(after.zones).ask(bl('192.0.2.1'), 'A'))).toBe('NXDOMAIN');
    expect(after.zones[0]?.soa?.serial).toBeGreaterThan(before.zones[0]?.soa?.serial ?? 0);
  });

  test('the serial is the time of the newest file', async () => {
    const { folder, loadAt } = await setUp();
    await chmod(join(folder, 'blocked.txt'), 0o600);
    const { ctimeMs } = await stat(join(folder, 'blocked.txt'));
    const time = Math.floor(ctimeMs / 1000);
    expect((await loadAt(NOW)).zones.map((zone) => zone.soa?.serial)).toEqual([time, time, time]);
  });

  test('the serial grows with every change, and with nothing else', async () => {
    const { folder, loadAt } = await setUp();
    const serialOf = async (text: string) => {
      await writeFile(join(folder, 'blocked.txt'), text);
      return (await loadAt(NOW)).zones[0]?.soa?.serial ?? NaN;
    };
    const first = await serialOf('192.0.2.1 one\n');
    expect(await serialOf('192.0.2.1 one\n')).toBe(first);
    // all of it within a second
    const serials = [first];
    for (const text of ['192.0.2.1 two\n', '192.0.2.0/31 two\n', '', '192.0.2.1 one\n']) {
      serials.push(await serialOf(text));
    }
    expect(serials).toEqual([...new Set(serials)].sort((a, b) => a - b));
  });
});

describe('a list whose file cannot be used any more', () => {
  const until = '2026-11-21T00:00:10Z';
  const spoil = async (folder: string, how: string): Promise<void> => {
    const file = join(folder, 'blocked.txt');
    await (how === 'missing' ? rm(file) : writeFile(file, 'junk\n'));
  };

  test.each([
    ['missing', /^list blocked cannot be read: .*; the old content of list blocked is served$/],
    [
      'without a valid line',
      /found "junk".*or empty it; the old content of list blocked is served$/,
    ],
  ])('%s: keeps its entries for their time, and all else goes on', async (how, message) => {
    const { folder, loadAt } = await setUp({ blocked: `192.0.2.1\n192.0.2.2 until=${until}\n` });
    await loadAt(NOW);
    await spoil(folder, how);
    await writeFile(join(folder, 'trusted.txt'), '203.0.113.7\n');
    const after = await loadAt(Date.parse(until));
    expect(after.warnings).toEqual([expect.stringMatching(message)]);
    const asked = new Asked(after.zones);
    expect(rcodeOf(asked.ask(bl('192.0.2.1'), 'A'))).toBe('NOERROR');
    expect(rcodeOf(asked.ask(bl('192.0.2.2'), 'A'))).toBe('NXDOMAIN');
    expect(rcodeOf(asked.ask(bl('203.0.113.7'), 'A'))).toBe('NXDOMAIN');
  });

  const config = `
lists:
  asia: { countries: [KR, JP] }
  blocked: { file: blocked.txt }
  trusted: { file: trusted.txt }
  most: { countries: [KR], except: [blocked] }
  all: { lists: [asia, most] }
dnsbl:
  zones:
    - { name: asia.test, lists: { asia: { code: 127.0.0.2 } }, allow: [trusted] }
    - { name: blocked.test, lists: { blocked: { code: 127.0.0.2 }, asia: { code: 127.0.0.3 } } }
    - { name: but.test, lists: { asia: { code: 127.0.0.2 } }, allow: [blocked] }
    - { name: most.test, lists: { most: { code: 127.0.0.2 } } }
    - { name: all.test, lists: { all: { code: 127.0.0.2 } } }
    - { name: cc.test, kind: country }
`;
  const unusable = (list: string) => `there is no usable content of its list ${list}`;
  const failedOf = ({ zones }: Awaited<ReturnType<typeof load>>) =>
    zones.map(({ failed }) => failed);
  const without = [
    undefined,
    unusable('blocked'),
    unusable('blocked'),
    unusable('most'),
    unusable('all'),
    undefined,
  ];

  test.each([
    ['missing', /^list blocked is left out: list blocked cannot be read: .*expected a file/],
    ['without a valid line', /^list blocked is left out: .*found "junk".*or empty it/],
  ])('%s at first: zones that use it fail, and no others', async (how, message) => {
    const { folder, loadAt } = await setUp({ config });
    await spoil(folder, how);
    const broken = await loadAt(NOW);
    expect(failedOf(broken)).toEqual(without);
    expect(broken.errors).toEqual([
      expect.stringMatching(message),
      'list most is left out: it is made from list blocked',
      'list all is left out: it is made from list most',
    ]);
    expect(broken.nextChangeAtMs).toBe(NOW + 60_000);
    await writeFile(join(folder, 'blocked.txt'), '203.0.113.7\n');
    const mended = await loadAt(NOW);
    expect(failedOf(mended)).toEqual(without.map(() => undefined));
    expect(mended.errors).toEqual([]);
  });

  test('a bad line at first: fails what leaves that list out, since more would be listed', async () => {
    const { loadAt } = await setUp({ config, blocked: '203.0.113.7\n203.0.113.8.9\n' });
    const { zones, errors } = await loadAt(NOW);
    const failed = zones.flatMap((zone) => (zone.failed === undefined ? [] : [zone.failed]));
    expect(failed).toEqual([unusable('most'), unusable('all')]);
    expect(errors?.[0]).toMatch(/^list most is left out: .*List most leaves out list blocked/);
  });
});

test('an allow list with a bad line stays what it was: nobody on it becomes listed', async () => {
  const both = '198.51.100.1\n198.51.100.2\n';
  const { folder, loadAt } = await setUp({ blocked: both, trusted: both });
  await loadAt(NOW);
  await writeFile(join(folder, 'trusted.txt'), '198.51.100.1\n198.51.100.2.3\n');
  const { zones, warnings } = await loadAt(NOW);
  expect(warnings).toEqual([
    expect.stringMatching(/found "198\.51\.100\.2\.3".*the old content of list trusted is served$/),
  ]);
  const asked = new Asked(zones);
  for (const address of ['198.51.100.1', '198.51.100.2']) {
    expect(rcodeOf(asked.ask(bl(address), 'A'))).toBe('NXDOMAIN');
  }
});

test('a zone whose allow list cannot be made fails, rather than list who is on it', async () => {
  const { loadAt } = await setUp({
    config: CONFIG.replace('file: trusted.txt', 'url: https://lists.example.net/trusted.txt'),
  });
  const { zones } = await loadAt(NOW);
  expect(zones.map(({ failed }) => failed)).toEqual([
    'there is no content of its allow list trusted',
    undefined,
    undefined,
  ]);
});

describe('a text that tells the country of a list that is not made of countries', () => {
  const config = `
lists:
  asia: { countries: [KR] }
  net: { file: blocked.txt }
  other: { file: trusted.txt, except: [net] }
  mixed: { lists: [other, net, asia] }
dnsbl:
  zones:
    - name: bl.example.net
      lists:
        net: { code: 127.0.0.2, text: "net <$cc> $prefix" }
        mixed: { code: 127.0.0.3, text: "mixed <$cc> $reason" }
`;
  const files = {
    blocked:
      '198.51.100.126-198.51.100.129 edge\n192.0.2.0/25\n192.0.2.1 host\n2001:db8:1::1 six\n',
    trusted: '192.0.2.0/24 other\n203.0.113.9\n',
  };
  const texts = (asked: Asked, address: string): string[] =>
    textsAt(asked, address.includes(':') ? six(address) : bl(address));
  const six = (address: string): string => dnsblName(6, address, 'bl.example.net');

  test('tells it by the registry data, and nothing where no country has the address', async () => {
    const asked = await askedOf({ config, ...files });
    expect(texts(asked, '198.51.100.127')).toEqual([
      'mixed <JP> edge',
      'net <JP> 198.51.100.126/31',
    ]);
    expect(texts(asked, '198.51.100.128')).toEqual(['mixed <> edge', 'net <> 198.51.100.128/31']);
    // of a list of lists the reason of the first that has one, by what it holds itself
    expect(texts(asked, '192.0.2.1')).toEqual(['mixed <EU> host', 'net <EU> 192.0.2.1/32']);
    expect(texts(asked, '192.0.2.2')[0]).toBe('mixed <EU> ');
    expect(texts(asked, '192.0.2.200')).toEqual(['mixed <EU> other']);
    expect(texts(asked, '203.0.113.9')).toEqual(['mixed <KR> ']);
    expect(texts(asked, `2001:0db8:0001${':0000'.repeat(4)}:0001`)).toEqual([
      'mixed <JP> six',
      'net <JP> 2001:db8:1::1/128',
    ]);
  });

  test('is served without data, and follows when there is some, but is never stale', async () => {
    const byHand = config
      .replace(/ {2}asia: .*\n/, '')
      .replace(', asia]', ']')
      .replace('dnsbl:', 'dnsbl:\n  stale: servfail');
    const { folder, file } = await setUp({ config: byHand, ...files });
    // one that has no countries of other tests
    vi.resetModules();
    const fresh = await import('../../../src/dnsbl/lists/load-zones.js');
    const path = join(folder, 'delegated-apnic-20261120');
    const texts126 = async () => {
      const { zones, warnings, watch } = await fresh.load(
        { text: byHand, file, from: [path] },
        NOW + 365 * 86_400_000,
      );
      expect(watch).toContain(path);
      expect(zones[0]?.expiresAtMs).toBeUndefined();
      return { told: texts(new Asked(zones), '198.51.100.126')[1], warnings };
    };
    await writeFile(path, 'junk\n');
    const refused =
      /^\$cc in texts of list net, mixed is empty: there is no registry data: .*refused/;
    const without = await texts126();
    expect(without.told).toBe('net <> 198.51.100.126/31');
    expect(without.warnings).toEqual([expect.stringMatching(refused)]);
    await writeFile(path, STATISTICS);
    expect(await texts126()).toEqual({ told: 'net <JP> 198.51.100.126/31', warnings: [] });
    await writeFile(path, STATISTICS.replace('JP|ipv4', 'KR|ipv4'));
    expect(await texts126()).toEqual({ told: 'net <KR> 198.51.100.126/31', warnings: [] });
  });

  test('divides no zone that does not ask for it', async () => {
    const ranges = async (text: string): Promise<number | undefined> => {
      const { loadAt } = await setUp({
        config: config.replace(/text: .*net .*"/, `text: "${text}"`),
        blocked: '0.0.0.0/0\n',
      });
      const { zones } = await loadAt(NOW);
      return zones[0]?.groups[0]?.branches[0]?.addresses[0]?.answers.length;
    };
    expect(await ranges('$')).toBe(2); // around 127.0.0.0/8
    expect(await ranges('$cc')).toBe(8);
  });
});

test('a country zone answers any address with its country', async () => {
  const asked = await askedOf({});
  const ask = (address: string, type: string) => asked.ask(bl(address).replace('bl.', 'cc.'), type);
  expect(answersOf(ask('198.51.100.1', 'A'))).toEqual(['A 127.0.1.136']); // 392
  expect(answersOf(ask('198.51.100.1', 'TXT'))).toEqual(['TXT jp']);
  expect(answersOf(ask('192.0.2.1', 'TXT'))).toEqual(['TXT eu']);
  expect(answersOf(ask('192.0.2.1', 'A'))).toEqual([]);
  expect(answersOf(ask('127.0.0.2', 'A'))).toEqual(['A 127.0.0.2']);
});

test('an origin zone tells prefix, country and registry as rspamd reads them', async () => {
  const asked = await askedOf({});
  const ask = (address: string) => asked.ask(bl(address).replace('bl.', 'asn.'), 'TXT');
  expect(answersOf(ask('198.51.100.1'))).toEqual(['TXT 0|198.51.100.0/25|JP|apnic']);
});

test('countries that cannot be read now stay as they were, and a manual list goes on', async () => {
  const { folder, loadAt } = await setUp();
  await loadAt(NOW);
  await rm(join(folder, 'delegated-apnic-20261120'));
  await writeFile(join(folder, 'blocked.txt'), '192.0.2.1\n');
  const { zones, warnings } = await loadAt(NOW);
  expect(warnings).toEqual([expect.stringMatching(/the countries of the last load are served$/)]);
  const asked = new Asked(zones);
  expect(rcodeOf(asked.ask(bl('203.0.113.7'), 'A'))).toBe('NOERROR');
  expect(rcodeOf(asked.ask(bl('192.0.2.1'), 'A'))).toBe('NOERROR');
});

describe('old data', () => {
  const late = Date.parse('2026-11-25T00:00:00Z');

  test('is served with a warning', async () => {
    const { loadAt } = await setUp();
    const { zones, warnings } = await loadAt(late);
    expect(warnings).toEqual([expect.stringMatching(/is of 2026-11-20, older than dnsbl.max_age/)]);
    const asked = new Asked(zones);
    asked.responder.nowMs = late;
    expect(rcodeOf(asked.ask(bl('203.0.113.7'), 'A'))).toBe('NOERROR');
  });

  test('makes zones of countries fail where that is asked for, and no others', async () => {
    const byHand = 'lists: { blocked: { code: 127.0.0.2 } }';
    const config = CONFIG.replace('max_age: 2d', 'max_age: 2d\n  stale: servfail').replace(
      '    - { name: cc.',
      `    - { name: by-hand.example.net, ${byHand} }
    - { name: but-asia.example.net, ${byHand}, allow: [asia] }
    - { name: cc.`,
    );
    const { loadAt } = await setUp({ config, blocked: '192.0.2.1\n' });
    const asked = new Asked((await loadAt(NOW)).zones);
    const hand = bl('192.0.2.1').replace('bl.', 'by-hand.');
    for (const [nowMs, rcode] of [
      [NOW, 'NOERROR'],
      [late, 'SERVFAIL'],
    ] as const) {
      asked.responder.nowMs = nowMs;
      expect(rcodeOf(asked.ask(bl('203.0.113.7'), 'A'))).toBe(rcode);
      expect(rcodeOf(asked.ask(hand, 'A'))).toBe('NOERROR');
      expect(rcodeOf(asked.ask(hand.replace('by-hand.', 'but-asia.'), 'A'))).toBe(rcode);
    }
  });

  test('is no data at all, too', async () => {
    for (const [stale, failed] of [
      ['serve', [false, true, true]],
      ['servfail', [true, true, true]],
    ] as const) {
      const { file } = await setUp();
      const byHand = 'lists: { blocked: { code: 127.0.0.2 } }';
      const text = CONFIG.replace('max_age: 2d', `max_age: 365d\n  stale: ${stale}`)
        .replace('allow: [trusted]', 'allow: []')
        .concat(`    - { name: by-hand.example.net, ${byHand} }\n`);
      const opened = { ...NO_COUNTRIES, absent: 'none was fetched' };
      const { zones } = await makeZones(parseConfig(text, file), {}, NOW, opened);
      expect(zones.map((zone) => zone.failed !== undefined)).toEqual([...failed, false]);
    }
  });
});

describe('a zone with keys', () => {
  const KEY = 'customer-17';
  const NAME = 'hush.example.net';
  const config = `
lists: { blocked: { file: blocked.txt }, trusted: { file: trusted.txt } }
dnsbl:
  zones:
    - name: ${NAME}
      keys: [${KEY}]
      lists:
        blocked: { code: 127.0.0.2, text: "$ $reason" }
        trusted: { code: 127.0.0.3, text: "see ${KEY}.${NAME}" }
    - name: open.example.net
      lists: { blocked: { code: 127.0.0.2, text: "$reason" } }
    - name: old.example.net
      kind: rbldnsd
      datasets: ['ip4set:old.txt']
`;

  test('is named in no TXT record, of whatever zone, and each place is told', async () => {
    const blocked =
      '203.0.113.1 spam\n' +
      `203.0.113.2 found by ${KEY.toUpperCase()}.${NAME}\n` +
      `203.0.113.3 ${NAME}\n`;
    const { folder, loadAt } = await setUp({ blocked, trusted: '203.0.113.9\n', config });
    const old = `# ${NAME}\n203.0.113.0/24 :2:$ is in ${NAME}\n203.0.113.2 :2:${KEY}\n`;
    await writeFile(join(folder, 'old.txt'), old);
    const { zones, warnings } = await loadAt(NOW);
    const asked = new Asked(zones);
    const text = (address: string, zone: string): readonly string[] =>
      answersOf(asked.ask(`${address.split('.').reverse().join('.')}.${zone}`, 'TXT'));
    const keyed = `${KEY}.${NAME}`;
    expect(text('203.0.113.1', keyed)).toEqual(['TXT 203.0.113.1 spam']);
    expect(text('203.0.113.2', keyed)).toEqual(['TXT 203.0.113.2 found by (hidden)']);
    expect(text('203.0.113.3', keyed)).toEqual(['TXT 203.0.113.3 (hidden)']);
    expect(text('203.0.113.9', keyed)).toEqual(['TXT see (hidden)']);
    expect(text('203.0.113.2', 'open.example.net')).toEqual(['TXT found by (hidden)']);
    expect(text('203.0.113.1', 'old.example.net')).toEqual(['TXT 203.0.113.1 is in (hidden)']);
    expect(text('203.0.113.2', 'old.example.net')).toEqual(['TXT (hidden)']);
    const told = warnings.filter((line) => line.includes('names a zone that has keys'));
    expect(told.map((line) => line.replace(folder, '').replace(/ names .*/, ''))).toEqual([
      '/sekisho.yaml:9: dnsbl.zones.0.lists.trusted.text:',
      '/blocked.txt:2: the reason',
      '/blocked.txt:3: the reason',
      '/old.txt:2: a text',
    ]);
    expect(warnings.join('\n')).not.toMatch(new RegExp(`${KEY}|${NAME}`, 'i'));
  });

  test('rbldnsd files without a text that tells it are left as they are', async () => {
    const { folder, loadAt } = await setUp({ config });
    await writeFile(join(folder, 'old.txt'), `# ${NAME}\n203.0.113.0/24 :2:$ is listed\n`);
    const { warnings } = await loadAt(NOW);
    expect(warnings.filter((line) => line.includes('old.txt'))).toEqual([]);
  });
});

test.each([
  ['asia: { code: 127.0.0.4', 'asai: { code: 127.0.0.4', /lists\.asai: found "asai"; expected one/],
  ['allow: [trusted]', 'allow: [thrusted]', /allow\.0: found "thrusted"; expected one of/],
  ['cc.example.net', 'BL.example.net', /name: found "bl.example.net"; expected a name that no/],
  [
    'code: 127.0.0.4',
    'code: 10.0.0.4',
    /code: found .*expected a code in 127.0.0.0\/8, or any_code/,
  ],
  [
    'kind: country',
    'keys: [aaaaaaaa, bbbbbbbb, AAAAAAAA], kind: country',
    /zones\.1\.keys\.2: found a key for the second time; expected each once/,
  ],
  [
    '- { name: cc',
    '- { name: secret-key.cc.example.net, kind: country }\n    - { keys: [secret-key], name: cc',
    /zones\.2\.keys\.0: found the key that zones\.1 has in its name; expected a label below which/,
  ],
  [
    '- { name: cc',
    `- { keys: [secret-key], name: ${'abcdefg.'.repeat(22)}cc`,
    /zones\.1\.name: found a name of 190 bytes; expected at most 178, since a key and an IPv6/,
  ],
  ['code: 127.0.0.4', 'code: 127.255.255.4', /expected a code outside of 127.255.255.0\/24/],
])('%s as %s is refused', async (from, to, message) => {
  const { loadAt } = await setUp({ config: CONFIG.replace(from, to) });
  await expect(loadAt(NOW)).rejects.toThrow(message);
});
