import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { elementsText } from '../../src/firewall/nftables/element-text.js';
import { FAMILIES, type Family } from '../../src/ip/family.js';
import { parseRange } from '../../src/ip/notation.js';
import { RangeSetBuilder } from '../../src/ip/range-set-builder.js';
import { RangeSet } from '../../src/ip/range-set.js';
import { fromRangeSet, toRangeSet } from '../ip/naive.js';

describe.each(FAMILIES)('elements of IPv%i', (family) => {
  test('are those of the set', () => {
    fc.assert(
      fc.property(ranges(family), (found) => {
        const set = toRangeSet(family, found);
        expect(told(family, elementsText(set))).toEqual(fromRangeSet(set));
      }),
    );
  });

  test('where there are none, one or all', () => {
    const top = 2n ** BigInt(bits(family)) - 1n;
    expect(elementsText(RangeSet.empty(family))).toBe('[]');
    for (const range of [
      [0n, 0n],
      [top, top],
      [0n, top],
    ] as const) {
      expect(told(family, elementsText(toRangeSet(family, [range])))).toEqual([range]);
    }
  });
});

test('are told in the words of nft', () => {
  const set = (family: Family, ...texts: readonly string[]): RangeSet => {
    const builder = new RangeSetBuilder(family);
    for (const text of texts) add(builder, text);
    return builder.build();
  };
  expect(elementsText(set(4, '192.0.2.0/24', '198.51.100.7'))).toBe(
    '[{"range":["192.0.2.0","192.0.2.255"]},"198.51.100.7"]',
  );
  expect(elementsText(set(6, '2001:db8::/32', '2001:dc9::-2001:dc9::5', '2001:dca:0:a0::1'))).toBe(
    '[{"prefix":{"addr":"2001:db8::","len":32}},{"range":["2001:dc9::","2001:dc9:0:0:0:0:0:5"]},' +
      '"2001:dca:0:a0:0:0:0:1"]',
  );
});

/** What nft would read. */
function told(family: Family, text: string): ReturnType<typeof fromRangeSet> {
  const builder = new RangeSetBuilder(family);
  for (const element of JSON.parse(text) as (string | Told)[]) {
    if (typeof element === 'string') add(builder, element);
    else if ('range' in element) add(builder, element.range.join('-'));
    else add(builder, `${element.prefix.addr}/${element.prefix.len}`);
  }
  return fromRangeSet(builder.build());
}

type Told =
  | { readonly range: readonly [string, string] }
  | { readonly prefix: { readonly addr: string; readonly len: number } };

function add(builder: RangeSetBuilder, text: string): void {
  const range = parseRange(text);
  if ('expected' in range) throw new Error(`found ${text}; expected ${range.expected}`);
  builder.add(range.first, 0, range.last, 0);
}

/** Prefixes, ranges and single addresses; of IPv6 with zeros in any place. */
function ranges(family: Family): fc.Arbitrary<[bigint, bigint][]> {
  const group = fc.oneof(fc.constant(0), fc.nat(0xffff), fc.nat(0xff));
  const address = fc
    .array(group, { minLength: bits(family) / 16, maxLength: bits(family) / 16 })
    .map((groups) => groups.reduce((sum, value) => sum * 65536n + BigInt(value), 0n));
  const prefix = fc.tuple(address, fc.nat(bits(family))).map(([at, length]): [bigint, bigint] => {
    const size = 2n ** BigInt(bits(family) - length);
    return [at - (at % size), at - (at % size) + size - 1n];
  });
  const range = fc
    .tuple(address, address)
    .map(([a, b]): [bigint, bigint] => (a < b ? [a, b] : [b, a]));
  const single = address.map((at): [bigint, bigint] => [at, at]);
  return fc.array(fc.oneof(prefix, range, single), { maxLength: 4 });
}

function bits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}
