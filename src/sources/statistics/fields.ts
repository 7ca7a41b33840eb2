/**
 * Field readers of the scanner: each reads `bytes[from…to)` as text without making a string,
 * and gives −1 (or false) where the field is not what it should be.
 */

const ZERO = 0x30;
const COLON = 0x3a;
const DOT = 0x2e;

/** Decimal number of at most 10 digits, or −1. */
export function readNumber(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > 10) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = (bytes[i] as number) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Dotted quad without leading zeros as an unsigned number, or −1. */
export function readIPv4(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte === DOT) {
      if (octet < 0 || ++dots > 3) return -1;
      value = value * 256 + octet;
      octet = -1;
    } else {
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9 || octet === 0) return -1;
      octet = octet < 0 ? digit : octet * 10 + digit;
      if (octet > 255) return -1;
    }
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : -1;
}

const groups = new Uint16Array(8);

/** IPv6 text (RFC 4291, hexadecimal groups and at most one `::`) into `out[at…at+3]`; false if it is none. */
export function readIPv6(
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Uint32Array,
  at: number,
): boolean {
  let count = 0;
  let gap = -1;
  let i = from;
  if (bytes[i] === COLON) {
    if (bytes[i + 1] !== COLON) return false;
    gap = 0;
    i += 2;
  }
  while (i < to) {
    if (count === 8) return false;
    let value = 0;
    const start = i;
    for (; i < to && bytes[i] !== COLON; i++) {
      const digit = hexDigit(bytes[i] as number);
      if (digit < 0 || i - start === 4) return false;
      value = value * 16 + digit;
    }
    if (i === start) return false;
    groups[count++] = value;
    if (i === to) break;
    i++; // the colon
    if (i === to) return false; // a single colon at the end
    if (bytes[i] === COLON) {
      if (gap >= 0) return false;
      gap = count;
      i++;
    }
  }
  if (gap < 0 ? count !== 8 : count > 7) return false;
  for (let word = 0; word < 4; word++) {
    out[at + word] = groupAt(2 * word, count, gap) * 65536 + groupAt(2 * word + 1, count, gap);
  }
  return true;
}

/** Group `index` of 8 where `count` were written and the gap of zeros stands before group `gap`. */
function groupAt(index: number, count: number, gap: number): number {
  if (gap < 0 || index < gap) return groups[index] as number;
  const fromEnd = index - (8 - count);
  return fromEnd < gap ? 0 : (groups[fromEnd] as number);
}

function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= 0x39) return byte - ZERO;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

/** Two capital letters as `COUNTRY_CODES` numbers, 0 for an empty field, −1 for anything else. */
export function readCountry(bytes: Uint8Array, from: number, to: number): number {
  if (to === from) return 0;
  if (to - from !== 2) return -1;
  const first = (bytes[from] as number) - 65;
  const second = (bytes[from + 1] as number) - 65;
  if (first < 0 || first > 25 || second < 0 || second > 25) return -1;
  return 1 + first * 26 + second;
}

/** Whether the field is exactly this ASCII text. */
export function fieldIs(bytes: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  if (to - from !== text.length) return false;
  for (let k = 0; k < text.length; k++) if (bytes[from + k] !== text[k]) return false;
  return true;
}
