import type { Family } from './family.js';
import { wordAt } from './words.js';

/** One address: its family and its words (1 for IPv4, 4 for IPv6), most significant first. */
export interface Address {
  readonly family: Family;
  readonly words: Uint32Array;
}

/** What is wrong with a text that should have been an address; shown to the user as it is. */
export interface NotAnAddress {
  readonly expected: string;
}

const OCTETS: readonly string[] = Array.from({ length: 256 }, (_, n) => String(n));
const DOTTED_OCTETS: readonly string[] = OCTETS.map((text) => text + '.');

function octet(n: number): string {
  return OCTETS[n & 0xff] as string;
}

function dotted(n: number): string {
  return DOTTED_OCTETS[n & 0xff] as string;
}

/** Dotted-quad text of an unsigned 32-bit IPv4 address. */
export function formatIPv4(n: number): string {
  return dotted(n >>> 24) + dotted(n >>> 16) + dotted(n >>> 8) + octet(n);
}

/** The eight 16-bit groups of an IPv6 address. */
export function groupsOf(words: Uint32Array, at = 0): number[] {
  const groups: number[] = [];
  for (let k = 0; k < 4; k++) {
    const word = wordAt(words, at + k);
    groups.push(word >>> 16, word & 0xffff);
  }
  return groups;
}

/** IPv6 text as RFC 5952 recommends it: lower case, longest run of zero groups (≥ 2) as `::`. */
export function formatIPv6(words: Uint32Array, at = 0): string {
  const groups = groupsOf(words, at);
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8;) {
    let j = i;
    while (j < 8 && groups[j] === 0) j++;
    if (j - i > bestLength) {
      bestStart = i;
      bestLength = j - i;
    }
    i = Math.max(j, i + 1);
  }
  const hex = (part: number[]): string => part.map((g) => g.toString(16)).join(':');
  if (bestStart < 0) return hex(groups);
  return hex(groups.slice(0, bestStart)) + '::' + hex(groups.slice(bestStart + bestLength));
}

/** Text of the address that starts at `words[at]`. */
export function formatWords(family: Family, words: Uint32Array, at = 0): string {
  return family === 4 ? formatIPv4(wordAt(words, at)) : formatIPv6(words, at);
}

/** Text of an address. */
export function formatAddress(address: Address): string {
  return formatWords(address.family, address.words);
}

/**
 * Strict dotted-quad: four decimal octets without leading zeros (RFC 6943 3.1.1 tells why
 * anything looser is dangerous). Undefined for anything else.
 */
export function parseIPv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  let value = 0;
  for (let k = 1; k <= 4; k++) {
    const part = match[k] as string;
    const n = Number(part);
    if (n > 255 || (part.length > 1 && part.startsWith('0'))) return undefined;
    value = value * 256 + n;
  }
  return value;
}

/** IPv6 text of RFC 4291 2.2 (with `::`, with an IPv4 tail), without a zone. Undefined for anything else. */
export function parseIPv6(text: string): Uint32Array | undefined {
  if (text.length < 2 || text.length > 45) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsFromText(halves[0] as string, halves.length === 1);
  const tail = halves.length === 2 ? groupsFromText(halves[1] as string, true) : [];
  if (!head || !tail) return undefined;
  const given = head.length + tail.length;
  if (halves.length === 2 ? given > 7 : given !== 8) return undefined;
  const groups = [...head, ...new Array<number>(8 - given).fill(0), ...tail];
  const words = new Uint32Array(4);
  for (let k = 0; k < 4; k++) {
    words[k] = (groups[2 * k] as number) * 65536 + (groups[2 * k + 1] as number);
  }
  return words;
}

function groupsFromText(text: string, mayEndInIPv4: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (mayEndInIPv4 && index === parts.length - 1 && part.includes('.')) {
      const v4 = parseIPv4(part);
      if (v4 === undefined) return undefined;
      groups.push(v4 >>> 16, v4 & 0xffff);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

/** Parses one IPv4 or IPv6 address, or says what is wrong with the text. */
export function parseAddress(text: string): Address | NotAnAddress {
  if (text.includes(':')) {
    const words = parseIPv6(text);
    if (words) return { family: 6, words };
    return { expected: 'an IPv6 address such as 2001:db8::1, without a zone' };
  }
  const value = parseIPv4(text);
  if (value !== undefined) return { family: 4, words: Uint32Array.of(value) };
  return { expected: whatIsWrongWithIPv4(text) };
}

function whatIsWrongWithIPv4(text: string): string {
  const octets = text.split('.');
  const plain = 'an IPv4 address of four octets such as 192.0.2.1';
  if (!octets.every((part) => /^\d+$/.test(part))) return `${plain}, or an IPv6 address`;
  if (octets.length !== 4) return plain;
  if (octets.some((part) => part.length > 1 && part.startsWith('0'))) {
    return 'octets without leading zeros (some programs read them as octal)';
  }
  return 'octets from 0 to 255';
}
