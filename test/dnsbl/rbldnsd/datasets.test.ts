import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FIRST_ACCESS_ANSWER } from '../../../src/dnsbl/zone/zone-source.js';
import { answer4, dataset, dotted, inShort, layerOf, names, read } from './read.js';

const ip = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + +part, 0);

/** Ranges of a dataset as texts. */
function ranges(...args: Parameters<typeof dataset>): string[] {
  const { firsts, lasts } = layerOf(dataset(...args));
  return [...firsts].map((first, k) => `${dotted(first)}-${dotted(lasts[k] as number)}`);
}

describe('values', () => {
  test.each<[line: string, records: string[]]>([
    ['10.0.0.1', ['A 3', 'TXT Default for <subject>']],
    ['10.0.0.1 # comment', ['A 3', 'TXT Default for <subject>']],
    ['10.0.0.1 :4', ['A 4', 'TXT Default for <subject>']],
    ['10.0.0.1 :4:', ['A 4']],
    ['10.0.0.1:4: \t own', ['A 4', 'TXT own']],
    ['10.0.0.1 own # no comment', ['A 3', 'TXT own # no comment']],
    ['10.0.0.1 :127.0.0.9:own', ['A 9', 'TXT own']],
    ['10.0.0.1 :1.2:own', ['A 1.0.0.2', 'TXT own']],
    ['10.0.0.1 :1.2.3:own', ['A 1.2.0.3', 'TXT own']],
    ['10.0.0.1 $$ $1 $2 $= $', ['A 3', 'TXT $ one $2 $$ $1 $2 $= $ <subject>']],
    [`10.0.0.1 ${'x'.repeat(300)}`, ['A 3', `TXT ${'x'.repeat(254)}`]],
    ['10.0.0.1 caf\xe9\r', ['A 3', 'TXT caf\xe9\r']],
    ['10.0.0.1 cut\0away', ['A 3', 'TXT cut']],
  ])('%j', (line, records) => {
    const set = dataset('ip4set', `$1 one\n:3:Default for $\n${line}\n`);
    expect(answer4(set, ip('10.0.0.1'))).toEqual(records);
  });

  test.each([':0:x', ':300:x', ':x', ':2 x', ':127.0.0.1.5:x'])('%j is refused', (value) => {
    const { warnings, dataset: set } = read('ip4set', `1.1.1.1\n2.2.2.2 ${value}\n`);
    expect(warnings).toEqual([
      { file: 'one', line: 2, found: `2.2.2.2 ${value}`, expected: expect.any(String) },
    ]);
    expect(set?.entryCount).toBe(1);
  });

  test('a base template holds the entry, or the subject where there is none', () => {
    const text = '$= See $= ($)\n1.1.1.1 own $\n1.1.1.2\n1.1.1.3 =plain $\n';
    const set = dataset('ip4set', text);
    expect(answer4(set, ip('1.1.1.1'))).toEqual(['A 2', 'TXT See own $ (<subject>)']);
    expect(answer4(set, ip('1.1.1.2'))).toEqual(['A 2', 'TXT See <subject> (<subject>)']);
    expect(answer4(set, ip('1.1.1.3'))).toEqual(['A 2', 'TXT plain <subject>']);
  });

  test('a default holds to the end of its file, and has no text unless it says one', () => {
    const set = dataset('ip4set', [':3:text\n:4\n1.1.1.1\n', '1.1.1.2\n']);
    expect(answer4(set, ip('1.1.1.1'))).toEqual(['A 4']);
    expect(answer4(set, ip('1.1.1.2'))).toEqual(['A 2']);
  });

  test('equal answers share an index', () => {
    const set = dataset('ip4set', '1.1.1.1 :3:a\n2.2.2.2 :3:a\n3.3.3.3 :127.0.0.3:a\n');
    expect([...layerOf(set).answers]).toEqual([0, 0, 0]);
    expect(set.answers).toHaveLength(1);
  });
});

describe('ip4set', () => {
  test.each<[entry: string, range: string]>([
    ['127.0.0.0/24', '127.0.0.0-127.0.0.255'],
    ['127.0.0', '127.0.0.0-127.0.0.255'],
    ['127/24', '127.0.0.0-127.0.0.255'],
    ['127.0.0.1-255', '127.0.0.1-127.0.0.255'],
    ['127.16-127.31', '127.16.0.0-127.31.255.255'],
    ['127.16-31', '127.16.0.0-127.31.255.255'],
    ['127.16.0-31', '127.16.0.0-127.16.31.255'],
    ['1-255', '1.0.0.0-255.255.255.255'],
    ['010.008.1.1', '10.8.1.1-10.8.1.1'],
    ['128/1', '128.0.0.0-255.255.255.255'],
  ])('%s is %s', (entry, range) => {
    expect(ranges('ip4set', `${entry}\n`)).toEqual([range]);
  });

  test.each([
    '127',
    '1.2-1.2.3.4',
    '2.0.0.0-1.0.0.0',
    '0/0',
    '1.2.3.4/33',
    '1.2.3.1/24',
    '1.2.3.256',
  ])('%s is refused, and the rest serves', (entry) => {
    const reading = read('ip4set', `${entry}\n9.9.9.9\n`);
    expect(reading.warningCount).toBe(1);
    expect(reading.dataset?.entryCount).toBe(1);
  });

  test('-e takes prefixes with host bits', () => {
    expect(ranges('ip4set', '1.2.3.1/24\n', { acceptHostBits: true })).toEqual([
      '1.2.3.0-1.2.3.255',
    ]);
  });

  test('the smallest network of whole octets decides, with all of its values', () => {
    const text = '10/8 :3\n10.1 :4\n10.1.1.0/25 :5\n10.1.1.1-10.1.1.2 :6\n!10.1.1.3\n!10.2\n';
    const set = dataset('ip4set', text);
    const at = (address: string): string[] | undefined => answer4(set, ip(address));
    expect(at('10.0.0.0')).toEqual(['A 3']);
    expect(at('10.1.0.0')).toEqual(['A 4']);
    expect(at('10.1.1.0')).toEqual(['A 5']);
    expect(at('10.1.1.1')).toEqual(['A 5', 'A 6']);
    expect(at('10.1.1.3')).toBeUndefined();
    expect(at('10.1.1.128')).toEqual(['A 4']);
    expect(at('10.2.3.4')).toBeUndefined();
  });

  test('agrees with a naive model', () => {
    const octet = fc.constantFrom(0, 1, 2, 127, 255);
    const address = fc.tuple(fc.constantFrom(9, 10), fc.constantFrom(0, 1), octet, octet);
    const entry = fc.record({
      a: address,
      b: address,
      isPrefix: fc.boolean(),
      bits: fc.integer({ min: 6, max: 32 }),
      value: fc.constantFrom(3, 4, 5, 0),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), fc.array(address), (entries, asked) => {
        const parts = entries.map(({ a, b, isPrefix, bits, value }) => {
          const [x, y] = [ip(a.join('.')), ip(b.join('.'))];
          const size = 2 ** (32 - bits);
          const first = isPrefix ? x - (x % size) : Math.min(x, y);
          return { first, last: isPrefix ? first + size - 1 : Math.max(x, y), value };
        });
        const lines = parts.map(({ first, last, value }) => {
          const range = `${dotted(first)}-${dotted(last)}`;
          return value === 0 ? `!${range}` : `${range} :${value}`;
        });
        const set = dataset('ip4set', ['255.255.255.255', ...lines, ''].join('\n'));
        const edges = parts.flatMap(({ first, last }) => [first, first - 1, last, last + 1]);
        for (const at of [...edges, ...asked.map((octets) => ip(octets.join('.')))]) {
          expect(answer4(set, at)?.sort(), dotted(at)).toEqual(naive(parts, at));
        }
      }),
    );
  });

  test('of several files is one dataset', () => {
    expect(ranges('ip4set', ['1.1.1.1\n', '$MAXRANGE4 /32\n1.1.1.2\n2.2.2.0/24\n'])).toEqual([
      '1.1.1.1-1.1.1.2',
    ]);
  });
});

interface Part {
  readonly first: number;
  readonly last: number;
  readonly value: number;
}

/** Which level of whole octets of a part holds the address: 32, 24, 16, 8, or none. */
function levelAt({ first, last }: Part, at: number): number | undefined {
  if (at < first || at > last) return undefined;
  for (const level of [8, 16, 24]) {
    const size = 2 ** (32 - level);
    const start = at - (at % size);
    if (start >= first && start + size - 1 <= last) return level;
  }
  return 32;
}

function naive(parts: readonly Part[], at: number): string[] | undefined {
  for (const level of [32, 24, 16, 8]) {
    const found = parts.filter((part) => levelAt(part, at) === level);
    if (found.length === 0) continue;
    if (found.some(({ value }) => value === 0)) return undefined;
    return [...new Set(found.map(({ value }) => `A ${value}`))].sort();
  }
  return at === 0xffff_ffff ? ['A 2'] : undefined;
}

describe('ip4trie', () => {
  test('the longest prefix decides; a repeated one warns, and the first counts', () => {
    const text = '0/0 :3\n10/8 :4\n!10.1/16\n10.1.2.3 :5\n10/8 :6\n';
    const { dataset: set, warnings } = read('ip4trie', text);
    if (set === undefined) throw new Error('not read');
    const at = (address: string): string[] | undefined => answer4(set, ip(address));
    expect(at('255.255.255.255')).toEqual(['A 3']);
    expect(at('10.255.255.255')).toEqual(['A 4']);
    expect(at('10.1.0.0')).toBeUndefined();
    expect(at('10.1.2.3')).toEqual(['A 5']);
    expect(warnings).toMatchObject([{ file: 'one', line: 5 }]);
  });

  test('takes no ranges', () => {
    expect(read('ip4trie', '1.1.1.1-2\n2.2.2.2\n').warningCount).toBe(1);
  });
});

test('ip4tset takes single addresses; the first default of all files holds', () => {
  const set = dataset('ip4tset', ['1.1.1.2 ignored\n:3:x\n1.1.1.1\n', ':4\n1.1.1/24\n1.1.1.9\n']);
  expect(answer4(set, ip('1.1.1.1'))).toEqual(['A 3', 'TXT x']);
  expect(answer4(set, ip('1.1.1.9'))).toEqual(['A 3', 'TXT x']);
  expect(layerOf(set).answers).toHaveLength(2);
});

/** IPv6 ranges as hexadecimal texts. */
function ranges6(...args: Parameters<typeof dataset>): string[] {
  const { firsts, lasts } = layerOf(dataset(...args));
  const hex = (column: Uint32Array, k: number): string =>
    [...column.subarray(4 * k, 4 * k + 4)].map((word) => word.toString(16)).join(':');
  return Array.from({ length: firsts.length / 4 }, (_, k) => `${hex(firsts, k)} ${hex(lasts, k)}`);
}

describe('ip6trie', () => {
  test.each<[entry: string, range: string]>([
    ['2001:db8::/32', '20010db8:0:0:0 20010db8:ffffffff:ffffffff:ffffffff'],
    ['2001:21ab:c000/36', '200121ab:c0000000:0:0 200121ab:cfffffff:ffffffff:ffffffff'],
    ['2001:db8:1:2', '20010db8:10002:0:0 20010db8:10002:ffffffff:ffffffff'],
    ['::1', '0:0:0:1 0:0:0:1'],
    ['1::2:3', '10000:0:0:20003 10000:0:0:20003'],
    ['::/0', '0:0:0:0 ffffffff:ffffffff:ffffffff:ffffffff'],
  ])('%s', (entry, range) => {
    const sameLength = (text: string): string => text.replace(/\b0+(?=[0-9a-f])/g, '');
    expect(ranges6('ip6trie', `${entry}\n`)).toEqual([sameLength(range)]);
  });

  test.each(['2001', '2001:db8::1/32', '::fffff', '1::2:3:4:5:6:7:8', '1.2.3.4', '::/129'])(
    '%s is refused',
    (entry) => {
      expect(read('ip6trie', `${entry}\n::2\n`).warningCount).toBe(1);
    },
  );

  test('exclusions leave holes, up to the last address', () => {
    const text = 'ffff::/16\n!ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n';
    expect(ranges6('ip6trie', text)).toEqual([
      'ffff0000:0:0:0 ffffffff:ffffffff:ffffffff:fffffffe',
    ]);
  });

  test('keeps hundreds of prefixes', () => {
    const lines = Array.from({ length: 500 }, (_, k) => `2001:db8:${k.toString(16)}::/48`);
    const set = dataset('ip6trie', `${lines.reverse().join('\n :3\n')}\n`);
    expect(set.entryCount).toBe(500);
    expect(ranges6('ip6trie', `${lines.join('\n')}\n`)).toHaveLength(1);
  });
});

test('ip6tset takes networks of four words, and whole addresses to leave out', () => {
  const text = '2001:db8:1:2\n!2001:db8:1:2::\n2001:db8:1:3::\n!2001:db8:1:4\n';
  expect(ranges6('ip6tset', text)).toEqual([
    '20010db8:10002:0:1 20010db8:10002:ffffffff:ffffffff'.replaceAll('20010db8', '20010db8'),
  ]);
  expect(read('ip6tset', text).warningCount).toBe(2);
});

describe('dnset', () => {
  test('names, wildcards, both, and exclusions', () => {
    const text =
      'Mail.Example.com. :3\n*.a.test\n.b.test :4\n! no.test\n*.no.test\nmail.example.com :5\n';
    expect(names(dataset('dnset', text))).toEqual({
      '=mail.example.com': ['A 3', 'A 5'],
      '*a.test': ['A 2'],
      '=b.test': ['A 4'],
      '*b.test': ['A 4'],
      '=no.test': 'excluded',
      '*no.test': ['A 2'],
    });
  });

  test.each(['.', '*.', `${'a'.repeat(64)}.test`, 'a\\256.test'])('%s is refused', (name) => {
    expect(read('dnset', `${name}\nx.test\n`).warningCount).toBe(1);
  });

  test('one exclusion among several entries excludes; a thousand names stay apart', () => {
    const many = Array.from({ length: 1000 }, (_, k) => `host${k}.test :${(k % 200) + 2}`);
    const found = names(dataset('dnset', ['x.test :3\n!x.test\nx.test :4', ...many].join('\n')));
    expect(found['=x.test']).toBe('excluded');
    expect(found['=host777.test']).toEqual([`A ${(777 % 200) + 2}`]);
    expect(Object.keys(found)).toHaveLength(1001);
  });
});

describe('generic', () => {
  test('records of a name together', () => {
    const text =
      '@ A 5\nwww 300 in a 192.0.2.1 ignored\nwww TXT "quoted $"\nwww MX 10 Mail.test\nwww A 192.0.2.1\n';
    const set = dataset('generic', text);
    expect(names(set)).toEqual({
      '=': ['A 0.0.0.5'],
      '=www': ['A 192.0.2.1', 'TXT quoted $', 'MX 10'],
    });
    const ttls = set.answers[1]?.records.map(({ ttlSeconds }) => ttlSeconds);
    expect(ttls).toEqual([300, 2100, 2100]);
    expect(set.group?.branches[0]?.names[0]?.holds).toBe('records');
  });

  test.each([
    'www',
    'www A',
    'www A x',
    'www AAAA ::1',
    'www MX 70000 m.test',
    'www MX 1 m.test x',
  ])('%s is refused', (line) => {
    expect(read('generic', `${line}\nx A 1.1.1.1\n`)).toMatchObject({
      warningCount: 1,
      dataset: { entryCount: 1 },
    });
  });
});

describe('combined', () => {
  test('parts answer for their subzones, several for one', () => {
    const text =
      '$TTL 60\n$1 shared\n$DATASET ip4set:proxy proxies @ # comment\n:3:$1 $2\n1.1.1.1\n$2 own\n' +
      '$DATASET ip4set relays @\n$TTL 1h\n1.1.1.1 $1 $2\n';
    const set = dataset('combined', text);
    const [proxies, root, relays] = set.group?.branches ?? [];
    expect(
      [proxies, root, relays].map((branch) => Buffer.from(branch?.below ?? []).toString()),
    ).toEqual(['\x07proxies\0', '\0', '\x06relays\0']);
    expect(root?.addresses).toEqual([proxies?.addresses[0], relays?.addresses[0]]);
    expect(set.answers.map(inShort)).toEqual([
      ['A 3', 'TXT shared own'],
      ['A 2', 'TXT shared $2'],
    ]);
    expect(set.answers.map(({ records }) => records[0]?.ttlSeconds)).toEqual([60, 3600]);
  });

  test.each<[text: string, failure: RegExp]>([
    ['1.1.1.1\n', /one:1: an entry before the first \$DATASET/],
    ['$DATASET ip5set @\n', /ip5set is not known/],
    ['$DATASET acl @\n', /acl cannot stand inside/],
  ])('%j fails', (text, failure) => {
    expect(read('combined', text).failure).toMatch(failure);
  });
});

describe('acl', () => {
  test('keywords, abbreviated or not, and values; ignore where nothing is said', () => {
    const text =
      '10/8\n10.1/16 :refuse\n10.2/16 =EMPTY\n10.3/16 :bl\n10.4/16 :pass\n10.5/16 :9:for $\n::1 :refuse\n=x\n';
    const set = dataset('acl', text);
    const { v4, v6 } = set.access ?? {};
    expect([...(v4?.answers ?? [])]).toEqual([1, 2, 3, 1, 4, FIRST_ACCESS_ANSWER, 1]);
    expect([...(v6?.answers ?? [])]).toEqual([2]);
    expect(set.answers.map(inShort)).toEqual([['A 9', 'TXT for <subject>']]);
    expect(set.group).toBeUndefined();
  });

  test('a default line holds for the entries below it', () => {
    const set = dataset('acl', '=refuse\n1.1.1.1\n:7:x\n1.1.1.3\n1.1.1.5 :8\n');
    expect([...(set.access?.v4.answers ?? [])]).toEqual([2, 16, 17]);
    expect(set.answers.map(inShort)).toEqual([
      ['A 7', 'TXT x'],
      ['A 8', 'TXT x'],
    ]);
  });
});
