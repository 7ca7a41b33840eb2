import fc from 'fast-check';
import { expect, test } from 'vitest';

import { decodeLossless, encodeLossless } from '../../src/util/lossless-text.js';

test('any bytes come back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (given) => {
      const bytes = Buffer.from(given);
      expect(encodeLossless(decodeLossless(bytes)).equals(bytes)).toBe(true);
    }),
  );
});

test('UTF-8 beside other encodings is read as such', () => {
  const korean = Buffer.from([0xc2, 0xf7, 0xb4, 0xdc]); // EUC-KR
  const bytes = Buffer.concat([Buffer.from('voilà 🚫 # '), korean, Buffer.from('\n関所')]);
  const text = decodeLossless(bytes);
  expect(text).toMatch(/^voilà 🚫 # [^]{3,4}\n関所$/u);
  expect(encodeLossless(text).equals(bytes)).toBe(true);
});

test('bytes that only look like surrogates stay bytes', () => {
  const bytes = Buffer.from([0xed, 0xb2, 0x80, 0xf0, 0x9f]);
  expect(encodeLossless(decodeLossless(bytes)).equals(bytes)).toBe(true);
});

test('what was never bytes is written in UTF-8', () => {
  expect(encodeLossless('관문 🚫').toString()).toBe('관문 🚫');
});
