import fc from 'fast-check';
import { expect, test } from 'vitest';

import { scanAddresses, scanned } from '../../../src/dnsbl/rbldnsd/line.js';

const octet = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map(String),
  fc.constantFrom('00', '007', '010', '255', '256', '999', '0001', '', 'a', '1a', '-1', '/', ':'),
);
const line = fc
  .tuple(fc.array(octet, { minLength: 3, maxLength: 5 }), fc.constantFrom('', ' ', '\r', ' # x'))
  .map(([octets, rest]) => octets.join('.') + rest);
const plain = fc
  .array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 })
  .map((octets) => octets.join('.'));

const PLAIN = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

function addressIn(text: string): number | undefined {
  const octets = PLAIN.exec(text)?.slice(1).map(Number);
  if (octets === undefined || octets.some((value) => value > 255)) return undefined;
  return octets.reduce((address, value) => address * 256 + value, 0);
}

test('lines that are an address are read up to the first that is something else', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ arbitrary: plain, weight: 9 }, { arbitrary: line, weight: 1 })),
      fc.integer({ min: 1, max: 20 }),
      (lines, room) => {
        // a long last line: addresses that are not followed by 16 bytes are left to others
        const bytes = Buffer.from([...lines, '# a comment of some length', ''].join('\n'));
        const expected: number[] = [];
        for (const text of lines) {
          const address = addressIn(text);
          if (address === undefined || expected.length === room) break;
          expected.push(address);
        }
        const into = new Uint32Array(room);
        const next = scanAddresses(bytes, 0, into);
        expect([...into.subarray(0, scanned.count)]).toEqual(expected);
        const read = lines.slice(0, expected.length).map((text) => `${text}\n`);
        expect(next).toBe(read.join('').length);
      },
    ),
    { numRuns: 3000 },
  );
});

test('nothing is read beyond the end', () => {
  for (const text of ['', '1.2.3.4', '1.2.3.4\n', '255.255.255.255', '1.2.3.4\n1.2.3']) {
    const bytes = Buffer.from(text);
    const next = scanAddresses(bytes, 0, new Uint32Array(4));
    expect(next).toBe(0);
    expect(scanned.count).toBe(0);
  }
  const exact = Buffer.from('255.255.255.255\n');
  const into = new Uint32Array(1);
  expect(scanAddresses(exact, 0, into)).toBe(16);
  expect(into[0]).toBe(0xffff_ffff);
});
