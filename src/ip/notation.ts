import { Netmask } from 'netmask';

import { type Address, formatAddress, parseAddress } from './address.js';
import { type Family, bitsOf } from './family.js';
import { compareWords, lowBitsAreZero, setLowBits, trailingZeros } from './words.js';

/** A range of one family, both ends included. */
export interface AddressRange {
  readonly family: Family;
  readonly first: Uint32Array;
  readonly last: Uint32Array;
}

/** Why a text was refused: what would have been right, for the message. */
export interface NotARange {
  readonly expected: string;
}

/**
 * Reads one of the ways in which people write addresses: `192.0.2.1`, `192.0.2.0/24`,
 * `192.0.2.0/255.255.255.0`, `192.0.2.1-192.0.2.9`, and the same for IPv6 (without
 * netmasks). Host bits set, leading zeros, short forms and reversed ranges are refused: a
 * firewall must not guess.
 */
export function parseRange(text: string): AddressRange | NotARange {
  if (text.includes('/')) return parsePrefixOrMask(text);
  if (text.includes('-')) return parseFirstLast(text);
  const address = parseAddress(text);
  if ('expected' in address) return address;
  if (isMapped(address)) return MAPPED;
  return { family: address.family, first: address.words, last: address.words };
}

/** The range of addresses that a prefix covers; `length` in bits. Host bits must be zero. */
function rangeOfPrefix(address: Address, length: number): AddressRange {
  const last = Uint32Array.from(address.words);
  setLowBits(last, 0, last.length, bitsOf(address.family) - length);
  return { family: address.family, first: address.words, last };
}

function parseFirstLast(text: string): AddressRange | NotARange {
  const parts = text.split('-');
  if (parts.length !== 2) return { expected: 'a range such as 192.0.2.1-192.0.2.9' };
  const first = parseAddress(parts[0] as string);
  if ('expected' in first) return first;
  const last = parseAddress(parts[1] as string);
  if ('expected' in last) return last;
  if (isMapped(first) || isMapped(last)) return MAPPED;
  if (first.family !== last.family) return { expected: 'both ends of the range in one family' };
  if (compareWords(first.words, 0, last.words, 0, first.words.length) > 0) {
    return {
      expected: `the lower address first: ${formatAddress(last)}-${formatAddress(first)}`,
    };
  }
  return { family: first.family, first: first.words, last: last.words };
}

function parsePrefixOrMask(text: string): AddressRange | NotARange {
  const slash = text.indexOf('/');
  const address = parseAddress(text.slice(0, slash));
  if ('expected' in address) return address;
  if (isMapped(address)) return MAPPED;
  const behind = text.slice(slash + 1);
  const length = behind.includes('.')
    ? lengthOfNetmask(text, address, behind)
    : lengthFromText(behind, address.family);
  if (typeof length !== 'number') return length;
  const hostBits = bitsOf(address.family) - length;
  if (!lowBitsAreZero(address.words, 0, address.words.length, hostBits)) {
    return { expected: `no host bits set: ${networkOf(address, length)}, or a longer prefix` };
  }
  return rangeOfPrefix(address, length);
}

function lengthFromText(text: string, family: Family): number | NotARange {
  const bits = bitsOf(family);
  if (!/^(0|[1-9]\d{0,2})$/.test(text) || Number(text) > bits) {
    return { expected: `a prefix length from 0 to ${bits} behind the slash` };
  }
  return Number(text);
}

/** The package reads masks well but too kindly; syntax and contiguity are checked before it sees them. */
function lengthOfNetmask(text: string, address: Address, maskText: string): number | NotARange {
  const expected = 'a netmask such as 255.255.255.0 (ones, then zeros)';
  const mask = parseAddress(maskText);
  if ('expected' in mask || mask.family !== 4 || address.family !== 4) return { expected };
  const zeros = trailingZeros(mask.words, 0, 1);
  const ones = (mask.words[0] as number) / 2 ** zeros + 1;
  if (ones !== 2 ** (32 - zeros)) return { expected };
  if (zeros === 32) return 0; // netmask 2 throws at 0.0.0.0
  return new Netmask(text).bitmask;
}

function networkOf(address: Address, length: number): string {
  const words = Uint32Array.from(address.words);
  setLowBits(words, 0, words.length, bitsOf(address.family) - length);
  const host = new Uint32Array(words.length);
  setLowBits(host, 0, host.length, bitsOf(address.family) - length);
  const network = words.map((word, k) => (word ^ (host[k] as number)) >>> 0);
  return `${formatAddress({ family: address.family, words: network })}/${length}`;
}

/** ::ffff:0:0/96 never appears on the wire, so such an entry would block nothing. */
function isMapped({ family, words }: Address): boolean {
  return family === 6 && words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
}

const MAPPED: NotARange = {
  expected: 'the IPv4 address itself instead of its IPv4-mapped IPv6 form',
};

/** Equal for equal ranges, whatever way they were written. */
export function rangeKey({ family, first, last }: AddressRange): string {
  return `${family} ${first.join(',')} ${last.join(',')}`;
}
