import { describe, expect, test } from 'vitest';

import { chainName } from '../../src/formats/iptables.js';
import { UsageError } from '../../src/util/errors.js';
import { hundredLists } from '../helpers/hundred-ranges.js';
import { addressSet } from '../helpers/lists.js';
import { rendered } from '../helpers/rendered.js';

const some = addressSet('192.0.2.0/24', '2001:db8::/32');

describe('names of chains', () => {
  test('are the list’s where they fit, and differ where they do not', () => {
    expect(chainName('kr')).toBe('sekisho-kr');
    expect(chainName('a23456789_123456789_')).toBe('sekisho-a23456789_123456789_');
    const long = chainName('a23456789_123456789_1234');
    expect(long).toMatch(/^sekisho-a23456789_12345_[0-9a-z]{4}$/);
    expect(chainName('a23456789_123456789_1235')).not.toBe(long);
  });

  test('that two lists would share are refused', () => {
    const name = 'a23456789_123456789_1234';
    const twin = chainName(name).slice('sekisho-'.length);
    const lists = [name, twin].map((each) => ({ name: each, addresses: some }));
    expect(() => rendered('iptables', lists)).toThrow(UsageError);
    expect(() => rendered('iptables', lists)).toThrow(
      `lists ${name} and ${twin} would share the chain sekisho-${twin}`,
    );
  });
});

describe.each(['iptables', 'ip6tables'])('targets of %s', (format) => {
  const lists = [{ name: 'kr', addresses: some }];

  test.each(['REJECT', 'ACCEPT', 'my-chain_2'])('%s is written', (action) => {
    expect(rendered(format, lists, { action })).toMatch(new RegExp(` -j ${action}$`, 'm'));
  });

  test.each(['', 'DROP\nCOMMIT', 'DROP -p tcp', '-j', 'a'.repeat(29)])(
    '%j is refused',
    (action) => {
      expect(() => rendered(format, lists, { action })).toThrow(UsageError);
    },
  );
});

describe.each(['nginx-geo', 'haproxy'])('values of %s', (format) => {
  test('a value for all takes the place of the names', () => {
    const text = rendered(format, hundredLists(), { action: '1' });
    const values = new Set(text.split('\n').map((line) => line.split(' ')[1]?.replace(';', '')));
    expect([...values].filter((value) => value !== undefined && value !== 'for')).toEqual(['1']);
  });

  test.each(['', 'a b', 'x;}', '"x"', '$host', '#', 'a\nb'])('%j is refused', (action) => {
    expect(() => rendered(format, hundredLists(), { action })).toThrow(UsageError);
  });
});

test('nft-json is JSON, with the notices where nft does not look', () => {
  const document = JSON.parse(rendered('nft-json', hundredLists())) as { nftables: unknown[] };
  expect(document.nftables[0]).toEqual({
    metainfo: { json_schema_version: 1, notices: ['for a test'] },
  });
  // metainfo, table, and for each of four sets: add, flush, elements
  expect(document.nftables).toHaveLength(2 + 4 * 3);
});

test('ipset gives every set the same limit, and a hash that suits its size', () => {
  const many = addressSet(
    ...Array.from({ length: 5000 }, (_, i) => `10.0.${i >> 7}.${(2 * i) & 255}`),
  );
  for (const [addresses, hash] of [
    [some, 64],
    [many, 2048],
  ] as const) {
    const text = rendered('ipset', [{ name: 'kr', addresses }], { families: [4] });
    expect(text).toContain('create kr_v4 hash:net family inet maxelem 16777216 -exist\n');
    const fresh = `create kr_v4_new hash:net family inet hashsize ${hash} maxelem 16777216 -exist\n`;
    expect(text).toContain(fresh);
  }
});

test.each(['nft-json', 'ipset', 'iptables', 'ip6tables', 'nginx-geo', 'haproxy'])(
  '%s refuses more lines than it may write',
  (format) => {
    expect(() => rendered(format, hundredLists(), { maxLines: 50 })).toThrow(
      `${format}: more than 50 lines would be written`,
    );
  },
);
