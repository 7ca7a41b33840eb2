import { endianness } from 'node:os';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { UsageError } from '../../src/util/errors.js';
import { parseMessages } from '../../src/linux/netlink/message.js';
import { type SetChange, encodeBatch } from '../../src/linux/nf-tables/batch.js';
import { NFT_MSG_NEWSETELEM } from '../../src/linux/nf-tables/constants.js';
import { exactDifference } from '../../src/linux/nf-tables/difference.js';
import { ElementColumns } from '../../src/linux/nf-tables/elements.js';
import { rangesOf } from '../../src/linux/nf-tables/intervals.js';
import { type Range, anyRanges, columnsOf, rangesOfColumns } from './range-columns.js';

const SET = { table: 'sekisho', set: 'kr_v4', words: 1 } as const;

const add = (ranges: readonly Range[], words: 1 | 4 = 1): SetChange => ({
  ...SET,
  words,
  add: columnsOf(ranges, words),
});

/** What a batch adds, read with the reader of dumps. */
function addedBy(bytes: Uint8Array, words: 1 | 4): Range[] {
  const columns = new ElementColumns(words);
  for (const message of parseMessages(bytes)) {
    if (message.type === NFT_MSG_NEWSETELEM) columns.addMessage(message);
  }
  return rangesOfColumns(rangesOf(columns), words);
}

describe('a batch', () => {
  test.skipIf(endianness() === 'BE')('has the layout of nf_tables.h', () => {
    const { bytes } = encodeBatch([add([[0x0a000000n, 0x0a000009n]])]);
    const hex = (...parts: string[]): string => parts.join('').replaceAll(' ', '');
    expect(Buffer.from(bytes).toString('hex')).toBe(
      hex(
        '14000000 1000 0100 01000000 00000000 00 00 000a', // batch begin, for subsystem 10
        '58000000 0c0a 0504 02000000 00000000 01 00 0000', // NEWSETELEM, inet: create, acknowledge
        '0c00 0100 73656b6973686f00', // table
        '0a00 0200 6b725f763400 0000', // set
        '2c00 0380', // elements
        '1000 0180 0c00 0180 0800 0100 0a000000', // 10.0.0.0
        '1800 0180 0800 0300 00000001 0c00 0180 0800 0100 0a00000a', // end: 10.0.0.10
        '14000000 1100 0100 03000000 00000000 00 00 000a', // batch end
      ),
    );
  });

  test('names no messages where there is nothing to do', () => {
    const nothing = columnsOf([], 1);
    expect(encodeBatch([]).messages).toEqual([]);
    expect(encodeBatch([{ ...SET, flush: false, remove: nothing, add: nothing }]).messages).toEqual(
      [],
    );
  });

  test.each([
    [1, 1620],
    [4, 1012],
  ] as const)('of many ranges of %i words has messages of %i', (words, most) => {
    const ranges = Array.from({ length: 5000 }, (_, i): Range => [
      BigInt(4 * i),
      BigInt(4 * i + 1),
    ]);
    const { bytes, messages } = encodeBatch([add(ranges, words)]);
    expect(messages.map(({ from }) => from)).toEqual(
      Array.from({ length: Math.ceil(5000 / most) }, (_, i) => i * most),
    );
    expect(addedBy(bytes, words)).toEqual(ranges);
    const flags = parseMessages(bytes).map((message) => message.flags & 4);
    expect(flags.indexOf(4)).toBe(messages.length); // only the last, after the header
  });

  test('adds what it was given, whatever the ranges', () => {
    for (const words of [1, 4] as const) {
      fc.assert(
        fc.property(anyRanges(words), (ranges) => {
          expect(addedBy(encodeBatch([add(ranges, words)]).bytes, words)).toEqual(ranges);
        }),
      );
    }
  });

  test.each<[string, SetChange, RegExp]>([
    ['unsorted', add([[5n, 6n], [1n, 2n]]), /add in set kr_v4 .*: range 0\.0\.0\.1-0\.0\.0\.2 is not above/], // prettier-ignore
    ['overlapping', add([[5n, 9n], [9n, 12n]]), /range 0\.0\.0\.9-0\.0\.0\.12 is not above 0\.0\.0\.5-0\.0\.0\.9/], // prettier-ignore
    ['reversed', add([[5n, 4n]]), /0\.0\.0\.5-0\.0\.0\.4 ends before it begins/],
    ['of odd length', { ...add([[5n, 6n]]), words: 4 }, /columns of 1 and 1 numbers; expected/],
    ['both flushed and removed', { ...SET, flush: true, remove: columnsOf([[1n, 1n]], 1) }, /nothing is left/], // prettier-ignore
  ])('of columns that are %s is a defect', (_, change, message) => {
    expect(() => encodeBatch([change])).toThrow(RangeError);
    expect(() => encodeBatch([change])).toThrow(message);
  });

  test('refuses names and comments that nf_tables cannot hold', () => {
    for (const set of ['', 'x'.repeat(256), 'a\0b']) {
      expect(() => encodeBatch([{ ...SET, set, flush: true }])).toThrow(UsageError);
    }
    const long = { ...columnsOf([[1n, 2n]], 1), comments: ['é'.repeat(64)] };
    expect(() => encodeBatch([{ ...SET, add: long }])).toThrow(
      /comment of 0\.0\.0\.1-0\.0\.0\.2 has 128 bytes; expected at most 127/,
    );
  });
});

describe('exactDifference', () => {
  test('turns one list of ranges into the other, and leaves the common ones alone', () => {
    const words = 1;
    fc.assert(
      fc.property(anyRanges(words), anyRanges(words), (held, wanted) => {
        const difference = exactDifference(columnsOf(held, words), columnsOf(wanted, words), words);
        const texts = (ranges: readonly Range[]): string[] =>
          ranges.map((range) => range.join('-'));
        const removed = texts(rangesOfColumns(difference.remove, words));
        const added = texts(rangesOfColumns(difference.add, words));
        expect(removed).toEqual(texts(held).filter((range) => !texts(wanted).includes(range)));
        expect(added).toEqual(texts(wanted).filter((range) => !texts(held).includes(range)));
      }),
    );
  });
});
