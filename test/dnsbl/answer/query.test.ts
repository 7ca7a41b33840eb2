import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { AskedAddress } from '../../../src/dnsbl/answer/asked-address.js';
import { Query, READ } from '../../../src/dnsbl/answer/query.js';

/** A query for the labels, type A, class IN. */
function queryFor(labels: readonly Uint8Array[]): Uint8Array {
  const name = labels.flatMap((label) => [label.length, ...label]);
  return Uint8Array.of(0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 0, 1, 0, 1);
}

function labelsOf(query: Query): number[][] {
  return Array.from({ length: query.labels }, (_, k) => {
    const at = query.labelAt[k] as number;
    return [...query.name.subarray(at + 1, at + 1 + (query.name[at] as number))];
  });
}

const letter = fc.integer({ min: 0, max: 255 });
const nibble = fc.constantFrom(...Buffer.from('0123456789abcdefABCDEF'));
const label = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 63 }),
  fc.array(letter, { minLength: 1, maxLength: 3 }).map((bytes) => Uint8Array.from(bytes)),
  nibble.map((byte) => Uint8Array.of(byte)),
);
const name = fc
  .oneof(fc.array(label, { maxLength: 12 }), fc.array(nibble.map((byte) => Uint8Array.of(byte))))
  .filter((labels) => labels.reduce((sum, { length }) => sum + length + 1, 1) <= 255);

describe('reading a query', () => {
  test('names come in lower case, wherever in memory the message lies', () => {
    const query = new Query();
    fc.assert(
      fc.property(name, fc.nat(7), fc.nat(7), (labels, offset, at) => {
        const message = queryFor(labels);
        // nothing behind it: what is read as words lies within
        const bytes = new Uint8Array(new ArrayBuffer(offset + at + message.length), offset);
        bytes.set(message, at);
        expect(query.read(bytes, at, message.length)).toBe(READ.ok);
        expect(labelsOf(query)).toEqual(labels.map((one) => [...one].map(lower)));
        expect(query.name[query.nameEnd]).toBe(0);
        expect([query.type, query.klass, query.questionEnd]).toEqual([1, 1, message.length]);
      }),
      { numRuns: 2000 },
    );
  });

  test('what is too long or cut is faulty, wherever it lies', () => {
    const nibbles = (count: number): Uint8Array[] =>
      Array.from({ length: count }, () => Uint8Array.of(0x61));
    const query = new Query();
    for (let offset = 0; offset < 4; offset++) {
      const read = (message: Uint8Array, length = message.length): number => {
        const bytes = new Uint8Array(offset + message.length);
        bytes.set(message, offset);
        return query.read(bytes, offset, length);
      };
      expect(read(queryFor(nibbles(127)))).toBe(READ.ok);
      expect(read(queryFor(nibbles(128)))).toBe(READ.faulty);
      const whole = queryFor(nibbles(32));
      for (let length = 12; length < whole.length; length++) {
        expect(read(whole, length), `${length} bytes`).toBe(READ.faulty);
      }
    }
  });
});

test('a label is an octet where it is one to three digits, up to 255, with no zero before them', () => {
  const query = new Query();
  const asked = new AskedAddress();
  const isOctet = (text: string): boolean => /^(0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 255;
  const digits = [...Array.from('0123456789'), '/', ':', 'a', 'f', '-', '\0', '\x7f', '\xff'];
  const texts = [...digits, ...pairs(digits), ...pairs(digits).flatMap((two) => ends(two))];
  for (const text of [...texts, '1000', '0000']) {
    const bytes = Uint8Array.from(Buffer.from(text, 'latin1'));
    const message = queryFor([bytes, ...['2', '0', '192'].map((octet) => Buffer.from(octet))]);
    query.read(message, 0, message.length);
    asked.read(query, 4);
    expect(asked.is4, JSON.stringify(text)).toBe(isOctet(text));
    if (asked.is4) expect(asked.v4).toBe(0xc000_0200 + Number(text));
  }

  function pairs(from: readonly string[]): string[] {
    return from.flatMap((a) => from.map((b) => a + b));
  }
  function ends(two: string): string[] {
    return digits.map((digit) => two + digit);
  }
});

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
