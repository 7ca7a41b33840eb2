import { type Family, bitsOf } from '../../src/ip/family.js';
import type { RangeSet } from '../../src/ip/range-set.js';
import { rangeSetFromColumns } from '../../src/ip/range-set-builder.js';

/*
 * The obvious model that the typed columns are held against: ranges of BigInts, one loop
 * for each question, no cleverness.
 */

export type NaiveRange = readonly [first: bigint, last: bigint];

export function wordsOfBig(family: Family, value: bigint): number[] {
  if (family === 4) return [Number(value)];
  return [96n, 64n, 32n, 0n].map((shift) => Number((value >> shift) & 0xffffffffn));
}

export function bigOf(words: Uint32Array, at: number, count: number): bigint {
  let value = 0n;
  for (let k = 0; k < count; k++) value = (value << 32n) | BigInt(words[at + k] as number);
  return value;
}

export function toRangeSet(family: Family, ranges: readonly NaiveRange[]): RangeSet {
  const firsts = Uint32Array.from(ranges.flatMap(([first]) => wordsOfBig(family, first)));
  const lasts = Uint32Array.from(ranges.flatMap(([, last]) => wordsOfBig(family, last)));
  return rangeSetFromColumns(family, firsts, lasts);
}

export function fromRangeSet(set: RangeSet): NaiveRange[] {
  const ranges: NaiveRange[] = [];
  for (let at = 0; at < set.firsts.length; at += set.words) {
    ranges.push([bigOf(set.firsts, at, set.words), bigOf(set.lasts, at, set.words)]);
  }
  return ranges;
}

/** Sorts and merges ranges that overlap or touch. */
export function naiveMerge(ranges: readonly NaiveRange[]): NaiveRange[] {
  const sorted = [...ranges].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const merged: [bigint, bigint][] = [];
  for (const [first, last] of sorted) {
    const end = merged.at(-1);
    if (end && first <= end[1] + 1n) end[1] = last > end[1] ? last : end[1];
    else merged.push([first, last]);
  }
  return merged;
}

/** Fewest prefixes: from the start of each range the largest aligned block that still fits. */
export function naivePrefixes(
  family: Family,
  ranges: readonly NaiveRange[],
): [start: bigint, length: number][] {
  const bits = bitsOf(family);
  const prefixes: [bigint, number][] = [];
  for (const [first, last] of naiveMerge(ranges)) {
    let at = first;
    while (at <= last) {
      let length = bits;
      while (length > 0) {
        const size = 1n << BigInt(bits - length + 1);
        if (at % size !== 0n || at + size - 1n > last) break;
        length--;
      }
      prefixes.push([at, length]);
      at += 1n << BigInt(bits - length);
    }
  }
  return prefixes;
}

/** Text of an IPv6 address by the platform's own URL parser, which follows RFC 5952. */
export function naiveText(family: Family, value: bigint): string {
  if (family === 4) return wordsToQuad(value);
  const groups = Array.from({ length: 8 }, (_, k) =>
    ((value >> BigInt(112 - 16 * k)) & 0xffffn).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

function wordsToQuad(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
}

/** Value of an address in the text forms of registry files. */
export function naiveValue(text: string): bigint {
  if (!text.includes(':')) {
    return text.split('.').reduce((value, part) => value * 256n + BigInt(part), 0n);
  }
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].reduce(
    (value, part) => value * 65536n + BigInt(`0x${part}`),
    0n,
  );
}
