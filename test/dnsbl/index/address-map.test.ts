import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  addressMapOf,
  find4,
  find6,
  meets4,
  meets6,
} from '../../../src/dnsbl/index/address-map.js';

/*
 * Against the plain model: look at every range. Addresses are numbers of four digits in a small
 * base, each digit a word, so that ranges share first words, begin and end within them, and lie at
 * both ends of the space.
 */

/** Ascending words that digits stand for. */
const WORDS = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
const SPACE = WORDS.length ** 4;

const wordsOf = (value: number): number[] =>
  [3, 2, 1, 0].map((place) => WORDS[Math.floor(value / WORDS.length ** place) % WORDS.length] ?? 0);

/** Two values begin and end a range. */
const ranges = fc
  .uniqueArray(fc.nat(SPACE - 1), { maxLength: 60 })
  .map((values) => [...values].sort((a, b) => a - b))
  .map((values) =>
    values.flatMap((first, k) =>
      k % 2 === 0 ? [{ first, last: values[k + 1] ?? first, answer: k }] : [],
    ),
  );

test('an IPv6 address is found in the range that holds it, and in none where none does', () => {
  fc.assert(
    fc.property(ranges, fc.nat(SPACE - 1), fc.nat(SPACE - 1), (all, one, other) => {
      const map = addressMapOf(
        {
          family: 6,
          firsts: Uint32Array.from(all.flatMap(({ first }) => wordsOf(first))),
          lasts: Uint32Array.from(all.flatMap(({ last }) => wordsOf(last))),
          answers: Uint32Array.from(all, ({ answer }) => answer),
        },
        0,
      );
      const holder = all.findIndex(({ first, last }) => first <= one && one <= last);
      expect(find6(map, Uint32Array.from(wordsOf(one)))).toBe(holder);
      const [from, to] = [Math.min(one, other), Math.max(one, other)];
      const meets = all.some(({ first, last }) => first <= to && from <= last);
      const ends = [from, to].map((value) => Uint32Array.from(wordsOf(value)));
      expect(meets6(map, ends[0] as Uint32Array, ends[1] as Uint32Array)).toBe(meets);
    }),
    { numRuns: 2000 },
  );
});

test('an IPv4 address is found likewise, also where there are pages', () => {
  const address = fc.oneof(
    fc.nat(0xffff_ffff),
    fc.nat(600),
    fc.nat(600).map((k) => 2 ** 32 - 1 - k),
  );
  fc.assert(
    fc.property(fc.uniqueArray(address, { maxLength: 700 }), address, (values, one) => {
      const sorted = [...values].sort((a, b) => a - b);
      const firsts = sorted.filter((_, k) => k % 2 === 0);
      const lasts = firsts.map((first, k) => sorted[2 * k + 1] ?? first);
      const map = addressMapOf(
        {
          family: 4,
          firsts: Uint32Array.from(firsts),
          lasts: Uint32Array.from(lasts),
          answers: Uint32Array.from(firsts.keys()),
        },
        0,
      );
      const holder = firsts.findIndex((first, k) => first <= one && one <= (lasts[k] ?? -1));
      expect(find4(map, one)).toBe(holder);
      expect(meets4(map, one, one)).toBe(holder >= 0);
    }),
    { numRuns: 500 },
  );
});
