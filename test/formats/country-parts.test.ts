import fc from 'fast-check';
import { Reader, type CountryResponse } from 'maxmind';
import { describe, expect, test } from 'vitest';

import { countrySetsOf } from '../../src/formats/country-parts.js';
import type { NamedList } from '../../src/formats/index.js';
import { formatIPv4 } from '../../src/ip/address.js';
import { addressSet } from '../helpers/lists.js';
import { renderBytes, renderText } from '../helpers/render.js';

function part(cc: string, ...texts: string[]) {
  return { cc, addresses: addressSet(...texts) };
}

const textsOf = (list: NamedList): string[] =>
  renderText('csv', [list])
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/^[^,]*,/, ''));

describe('a list divided by country', () => {
  test('keeps the parts as they are where they make up the list', () => {
    const countries = [part('KR', '10.0.0.0/24', '2001:db8::/32'), part('JP', '10.0.1.0/24')];
    const addresses = addressSet('10.0.0.0/23', '2001:db8::/32');
    expect(textsOf({ name: 'asia', addresses, countries })).toEqual([
      'KR,ipv4,10.0.0.0,10.0.0.255',
      'JP,ipv4,10.0.1.0,10.0.1.255',
      'KR,ipv6,2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
    ]);
  });

  test('cuts what the list leaves out, and has no country for what it adds', () => {
    const countries = [part('KR', '10.0.0.0/24'), part('JP', '10.0.1.0/24')];
    const addresses = addressSet('10.0.0.128-10.0.1.255', '192.0.2.1');
    expect(textsOf({ name: 'asia', addresses, countries })).toEqual([
      'KR,ipv4,10.0.0.128,10.0.0.255',
      'JP,ipv4,10.0.1.0,10.0.1.255',
      ',ipv4,192.0.2.1,192.0.2.1',
    ]);
  });

  test('gives an address to the first of two countries', () => {
    const countries = [part('KR', '10.0.0.0/24'), part('JP', '10.0.0.128-10.0.1.255')];
    const addresses = addressSet('10.0.0.0/23');
    expect(textsOf({ name: 'asia', addresses, countries })).toEqual([
      'KR,ipv4,10.0.0.0,10.0.0.255',
      'JP,ipv4,10.0.1.0,10.0.1.255',
    ]);
  });

  test('has one part without a country where the list was not made from any', () => {
    const addresses = addressSet('10.0.0.0/23');
    expect(countrySetsOf({ name: 'blocked', addresses }, 4)).toEqual([
      { cc: undefined, set: addresses.v4 },
    ]);
    expect(countrySetsOf({ name: 'blocked', addresses }, 6)).toEqual([]);
  });
});

/** Up to 256 addresses of 10.0.0.0/24, so that every one can be asked. */
const lastOctets = fc
  .tuple(fc.nat(255), fc.nat(255))
  .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));

test('mmdb and csv give every address the country of the first part that holds it', () => {
  const model = fc.array(
    fc.record({
      cc: fc.constantFrom('KR', 'JP', 'CN', 'TW'),
      ranges: fc.array(lastOctets, { maxLength: 4 }),
    }),
    { maxLength: 5 },
  );
  const wholeList = fc.array(lastOctets, { minLength: 1, maxLength: 4 });
  const setOf = (ranges: readonly { first: number; last: number }[]) =>
    addressSet(...ranges.map(({ first, last }) => `10.0.0.${first}-10.0.0.${last}`));
  fc.assert(
    fc.property(model, wholeList, (parts, whole) => {
      const countries = parts.map(({ cc, ranges }) => ({ cc, addresses: setOf(ranges) }));
      const list: NamedList = { name: 'asia', addresses: setOf(whole), countries };
      const holds = (ranges: typeof whole, n: number) =>
        ranges.some(({ first, last }) => first <= n && n <= last);

      const reader = new Reader<CountryResponse>(renderBytes('mmdb', [list]));
      const rows = textsOf(list).map((line) => line.split(','));
      for (let n = 0; n < 256; n++) {
        const address = formatIPv4(0x0a000000 + n);
        const isIn = holds(whole, n);
        const cc = isIn ? parts.find(({ ranges }) => holds(ranges, n))?.cc : undefined;
        expect(reader.get(address)?.country?.iso_code, address).toBe(cc);
        const inRows = rows.filter(([, , first = '', last = '']) =>
          holds([{ first: lastOctet(first), last: lastOctet(last) }], n),
        );
        expect(inRows.map(([country]) => country)).toEqual(isIn ? [cc ?? ''] : []);
      }
    }),
    { numRuns: 60 },
  );
});

function lastOctet(address: string): number {
  return Number(address.slice(address.lastIndexOf('.') + 1));
}
