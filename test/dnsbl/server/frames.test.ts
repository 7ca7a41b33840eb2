import fc from 'fast-check';
import { expect, test } from 'vitest';

import { FrameReader, questionType } from '../../../src/dnsbl/server/frames.js';

const framed = (message: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(message.length >>> 8, message.length & 255), message]);

test('messages come out whole however the stream was cut', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 8 });
  fc.assert(
    fc.property(messages, fc.infiniteStream(fc.integer({ min: 1, max: 300 })), (all, sizes) => {
      const stream = Buffer.concat(all.map(framed));
      const reader = new FrameReader(700);
      const seen: Uint8Array[] = [];
      for (let at = 0; at < stream.length;) {
        const { value: size } = sizes.next() as { value: number };
        reader.push(stream.subarray(at, at + size));
        at += size;
        for (let next = reader.next(); next !== undefined; next = reader.next()) {
          if (next === 'oversized') throw new Error('none is');
          seen.push(Uint8Array.from(next));
        }
      }
      expect(seen).toEqual(all.map((message) => Uint8Array.from(message)));
    }),
  );
});

test('a length that is not taken is seen before the message is there', () => {
  const reader = new FrameReader(512);
  reader.push(Uint8Array.of(2, 1));
  expect(reader.next()).toBe('oversized');
});

test('the type of a question', () => {
  const head = new Uint8Array(12);
  const question = [3, 0x61, 0x62, 0x63, 0, 0, 252, 0, 1];
  expect(questionType(Uint8Array.of(...head, ...question))).toBe(252);
  expect(questionType(Uint8Array.of(...head, ...question.slice(0, 7)))).toBeUndefined();
  expect(questionType(Uint8Array.of(...head, 0xc0, 12, 0, 1, 0, 1))).toBeUndefined();
  expect(questionType(head)).toBeUndefined();
});
