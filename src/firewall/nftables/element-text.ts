import type { RangeSet } from '../../ip/range-set.js';

/*
 * The elements of large sets as JSON, written byte by byte. Who makes them once runs most of this
 * before V8 has compiled it, where each call and each new object costs many times what it does
 * afterwards: so loops are flat, and nothing is made for an element.
 */

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const SINGLE = { open: bytesOf(',"'), close: bytesOf('"') };
const RANGE = { open: bytesOf(',{"range":["'), close: bytesOf('"]}') };
const PREFIX_OPEN = bytesOf(',{"prefix":{"addr":"');
const BETWEEN = bytesOf('","');
const COLON = 0x3a;

/** The digits of each octet with a dot behind them, four bytes each; and how many of them count. */
const OCTETS = new Uint8Array(4 * 256);
const OCTET_LENGTHS = new Uint8Array(256);
for (let octet = 0; octet < 256; octet++) {
  const text = bytesOf(`${octet}.`);
  OCTETS.set(text, 4 * octet);
  OCTET_LENGTHS[octet] = text.length;
}
const HEX_DIGITS = bytesOf('0123456789abcdef');
/** What stands behind the address of an IPv6 prefix, by its length. */
const LENGTHS = Array.from({ length: 129 }, (_, length) => bytesOf(`","len":${length}}}`));

/** More than an element takes. */
const LONGEST = { 4: 64, 6: 112 } as const;

/**
 * The elements of a set as a text of libnftables-json(5): the same ranges as `elementsOf` gives,
 * not always in the same words. Pure.
 */
export function elementsText(set: RangeSet): string {
  const bytes = Buffer.allocUnsafe(set.length * LONGEST[set.family]);
  const end = set.family === 4 ? writeRanges4(bytes, set) : writeRanges6(bytes, set);
  return `[${bytes.toString('latin1', 1, Math.max(1, end))}]`; // without the first comma
}

/** @returns where the text ends */
function writeRanges4(bytes: Buffer, { firsts, lasts }: RangeSet): number {
  let at = 0;
  for (let i = 0; i < firsts.length; i++) {
    let address = firsts[i] as number;
    const last = lasts[i] as number;
    const { open, close } = address === last ? SINGLE : RANGE;
    for (let k = 0; k < open.length; k++) bytes[at++] = open[k] as number;
    for (;;) {
      for (let shift = 24; shift >= 0; shift -= 8) {
        const octet = (address >>> shift) & 0xff;
        bytes[at] = OCTETS[4 * octet] as number;
        bytes[at + 1] = OCTETS[4 * octet + 1] as number;
        bytes[at + 2] = OCTETS[4 * octet + 2] as number;
        bytes[at + 3] = OCTETS[4 * octet + 3] as number;
        at += OCTET_LENGTHS[octet] as number;
      }
      at--; // the last dot
      if (address === last) break;
      for (let k = 0; k < BETWEEN.length; k++) bytes[at++] = BETWEEN[k] as number;
      address = last;
    }
    for (let k = 0; k < close.length; k++) bytes[at++] = close[k] as number;
  }
  return at;
}

/** Nearly all are prefixes, whose names are short. @returns where the text ends */
function writeRanges6(bytes: Buffer, { firsts, lasts, words }: RangeSet): number {
  let at = 0;
  for (let i = 0; i < firsts.length; i += words) {
    let k = 0;
    while (k < words && firsts[i + k] === lasts[i + k]) k++;
    const isSingle = k === words;
    const first = firsts[i + k] as number;
    const rest = (first ^ (lasts[i + k] as number)) >>> 0; // in a prefix: ones at the end
    let isPrefix = !isSingle && (first & rest) === 0 && (rest & (rest + 1)) === 0;
    for (let j = k + 1; j < words; j++) {
      if (firsts[i + j] !== 0 || lasts[i + j] !== 0xffff_ffff) isPrefix = false;
    }
    if (isPrefix) {
      at = writeIPv6(bytes, copy(bytes, at, PREFIX_OPEN), firsts, i);
      at = copy(bytes, at, LENGTHS[32 * k + Math.clz32(rest)] as Uint8Array);
      continue;
    }
    const { open, close } = isSingle ? SINGLE : RANGE;
    at = writeIPv6(bytes, copy(bytes, at, open), firsts, i);
    if (!isSingle) at = writeIPv6(bytes, copy(bytes, at, BETWEEN), lasts, i);
    at = copy(bytes, at, close);
  }
  return at;
}

/** Zeros at the end as `::`, and those elsewhere in full, as RFC 4291 2.2 allows. */
function writeIPv6(bytes: Buffer, start: number, words: Uint32Array, i: number): number {
  let at = start;
  let groups = 8;
  while (groups > 0 && (words[i + ((groups - 1) >>> 1)] as number) === 0) groups -= 2;
  if (groups > 0 && ((words[i + ((groups - 1) >>> 1)] as number) & 0xffff) === 0) groups--;
  for (let k = 0; k < groups; k++) {
    const word = words[i + (k >>> 1)] as number;
    const group = (k & 1) === 0 ? word >>> 16 : word & 0xffff;
    if (k > 0) bytes[at++] = COLON;
    let shift = group < 0x100 ? (group < 0x10 ? 0 : 4) : group < 0x1000 ? 8 : 12;
    for (; shift >= 0; shift -= 4) bytes[at++] = HEX_DIGITS[(group >>> shift) & 0xf] as number;
  }
  if (groups === 8) return at;
  bytes[at++] = COLON;
  bytes[at++] = COLON;
  return at;
}

function copy(bytes: Buffer, at: number, text: Uint8Array): number {
  for (let k = 0; k < text.length; k++) bytes[at + k] = text[k] as number;
  return at + text.length;
}
