import type { Line } from './line.js';

/*
 * rbldnsd's notations of IPv4 addresses (its ip4parse.c). Octets are decimal whatever zeros
 * they begin with. Each function reads at `line.at`, moves it behind what it took, and leaves
 * addresses in `line.first` and `line.last`.
 */

const DOT = 0x2e;
const DASH = 0x2d;
const SLASH = 0x2f;

/**
 * One to four octets; missing ones are 0.
 *
 * @returns 8 for each octet there is, or −1
 */
export function readOctets4(line: Line): number {
  const { bytes, end } = line;
  let at = line.at;
  let address = 0;
  for (let bits = 8; ; bits += 8) {
    let octet = at < end ? (bytes[at] as number) - 0x30 : -1;
    if (octet < 0 || octet > 9) break;
    for (at++; at < end; at++) {
      const digit = (bytes[at] as number) - 0x30;
      if (digit < 0 || digit > 9) break;
      octet = octet * 10 + digit;
      if (octet > 255) return fail(line, at);
    }
    address |= octet << (32 - bits);
    if (bits === 32 || at >= end || bytes[at] !== DOT) {
      line.at = at;
      line.first = address >>> 0;
      return bits;
    }
    at++;
  }
  return fail(line, at);
}

/**
 * Octets, or octets and `/bits`; a single octet needs `/bits`.
 *
 * @returns the length of the prefix (0 to 32), or −1; host bits are left in `line.first`
 */
export function readPrefix4(line: Line): number {
  const bits = readOctets4(line);
  if (bits < 0) return -1;
  if (line.peek() === SLASH) return readLength(line, 32);
  return bits === 8 ? -1 : bits;
}

/**
 * A prefix, or a range: `x-y` with the same number of octets, or `a.b.c.d-n` with the last octet
 * only; what is missing of the end is filled with 255.
 *
 * @returns the length of a prefix, 32 for a range, or −1; the end is in `line.last`
 */
export function readRange4(line: Line): number {
  let bits = readOctets4(line);
  if (bits < 0) return -1;
  const next = line.peek();
  if (next === DASH) return readRangeEnd(line, bits);
  if (next === SLASH) {
    bits = readLength(line, 32);
    if (bits < 0) return -1;
  } else if (bits === 8) {
    return -1;
  }
  line.last = (line.first | hostMask4(bits)) >>> 0;
  return bits;
}

function readRangeEnd(line: Line, bits: number): number {
  const { first } = line;
  line.at++;
  const endBits = readOctets4(line);
  if (endBits < 0) return -1;
  let last = line.first;
  line.first = first;
  if (endBits === 8) {
    last = ((last >>> (bits - 8)) | (first & ~hostMask4(bits - 8))) >>> 0;
  } else if (endBits !== bits) {
    return -1;
  }
  line.last = (last | hostMask4(bits)) >>> 0;
  return first > line.last ? -1 : 32;
}

/** `/bits` at the slash; −1 where it is no number, or more than `most`. */
export function readLength(line: Line, most: number): number {
  line.at++;
  let length = -1;
  for (;;) {
    const digit = line.peek() - 0x30;
    if (digit < 0 || digit > 9) return length;
    length = (length < 0 ? 0 : length) * 10 + digit;
    if (length > most) return -1;
    line.at++;
  }
}

/** The bits of an address that a prefix of this length leaves open. */
export function hostMask4(bits: number): number {
  return bits === 0 ? 0xffff_ffff : bits === 32 ? 0 : 2 ** (32 - bits) - 1;
}

function fail(line: Line, at: number): number {
  line.at = at;
  return -1;
}
