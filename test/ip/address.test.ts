import { isIPv4, isIPv6 } from 'node:net';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { formatAddress, formatIPv6, parseAddress, parseIPv6 } from '../../src/ip/address.js';
import { parseRange } from '../../src/ip/notation.js';
import { naiveText, wordsOfBig } from './naive.js';

test('IPv4 texts are taken exactly where the platform takes them', () => {
  const part = fc.oneof(fc.integer({ min: 0, max: 300 }).map(String), fc.constant('01'));
  fc.assert(
    fc.property(fc.array(part, { minLength: 3, maxLength: 5 }), (parts) => {
      const text = parts.join('.');
      const address = parseAddress(text);
      expect('words' in address, text).toBe(isIPv4(text));
      if ('words' in address) expect(formatAddress(address)).toBe(text);
    }),
  );
});

test('IPv6 addresses are written as RFC 5952 asks and read back', () => {
  const group = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 0xffffn }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const value = groups.reduce((sum, part) => (sum << 16n) | part, 0n);
      const words = Uint32Array.from(wordsOfBig(6, value));
      expect(formatIPv6(words)).toBe(naiveText(6, value));
      expect(parseIPv6(formatIPv6(words))).toEqual(words);
    }),
    { numRuns: 500 },
  );
});

test('IPv6 texts are taken exactly where the platform takes them', () => {
  const piece = fc.constantFrom('', ':', '::', '0', '1', 'ffff', 'fffff', 'g', '1.2.3.4', '1.2.3');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join(':');
      fc.pre(text.includes(':'));
      expect(parseIPv6(text) !== undefined, text).toBe(isIPv6(text));
    }),
    { numRuns: 3000 },
  );
});

describe('what a firewall must not guess is refused, with what was expected', () => {
  test.each([
    ['010.0.0.1', /leading zeros/],
    ['1.2.3', /four octets/],
    ['1.2.3/24', /four octets/],
    ['010.0.0.1/8', /leading zeros/],
    ['300.1.1.1', /0 to 255/],
    ['192.0.2.1/24', /no host bits set: 192\.0\.2\.0\/24/],
    ['2001:db8::1/32', /no host bits set: 2001:db8::\/32/],
    ['192.0.2.9-192.0.2.1', /192\.0\.2\.1-192\.0\.2\.9/],
    ['192.0.2.1-2001:db8::1', /one family/],
    ['192.0.2.0/33', /0 to 32/],
    ['192.0.2.0/024', /0 to 32/],
    ['2001:db8::/129', /0 to 128/],
    ['10.0.0.0/255.0.255.0', /netmask/],
    ['10.0.0.0/0.0.0.255', /netmask/],
    ['10.1.0.0/255.0.0.0', /no host bits set: 10\.0\.0\.0\/8/],
    ['2001:db8::/255.255.0.0', /netmask/],
    ['::ffff:192.0.2.1', /IPv4 address itself/],
    ['fe80::1%eth0', /without a zone/],
    ['0x7f.1', /IPv4 address/],
    ['2130706433', /four octets/],
    ['', /IPv4 address/],
    ['example.com', /IPv4 address/],
    ['1.2.3.4-', /IPv4 address/],
    ['1.2.3.4-1.2.3.5-1.2.3.6', /a range such as/],
  ])('%s', (text, expected) => {
    const range = parseRange(text);
    expect('expected' in range ? range.expected : range).toMatch(expected);
  });

  test.each([
    ['10.0.0.0/255.0.0.0', '10.0.0.0', '10.255.255.255'],
    ['0.0.0.0/0.0.0.0', '0.0.0.0', '255.255.255.255'],
    ['192.0.2.1/255.255.255.255', '192.0.2.1', '192.0.2.1'],
    ['128.0.0.0/1', '128.0.0.0', '255.255.255.255'],
    ['192.0.2.1-192.0.2.9', '192.0.2.1', '192.0.2.9'],
    ['2001:DB8::/33', '2001:db8::', '2001:db8:7fff:ffff:ffff:ffff:ffff:ffff'],
    ['::/0', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('%s is %s to %s', (text, first, last) => {
    const range = parseRange(text);
    if ('expected' in range) throw new Error(range.expected);
    expect(formatAddress({ family: range.family, words: range.first })).toBe(first);
    expect(formatAddress({ family: range.family, words: range.last })).toBe(last);
  });
});
