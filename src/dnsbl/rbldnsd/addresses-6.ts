import { readLength } from './addresses-4.js';
import { COLON, type Line } from './line.js';

const SLASH = 0x2f;

/**
 * Words of up to four digits divided by colons, fewer than eight or with `::` (rbldnsd's
 * ip6parse.c). `groups` gets eight 16-bit groups.
 *
 * @returns 16 for each word there is, 128 where there is a `::`, or −1
 */
export function readWords6(line: Line, groups: Uint16Array): number {
  groups.fill(0);
  let count = 0;
  let gap = -1;
  let bits = -1;
  if (line.peek() === COLON && line.peek(1) === COLON) {
    gap = 0;
    line.at += 2;
  }
  for (;;) {
    let group = 0;
    const start = line.at;
    for (; group <= 0xffff; line.at++) {
      const digit = hexDigit(line.peek());
      if (digit < 0 || group * 16 + digit > 0xffff) break;
      group = group * 16 + digit;
    }
    if (line.at === start || hexDigit(line.peek()) >= 0) break;
    groups[count++] = group;
    if (line.peek() !== COLON || count === 8) {
      bits = count * 16;
      break;
    }
    line.at++;
    if (gap < 0 && line.peek() === COLON) {
      gap = count;
      line.at++;
    }
  }
  if (gap < 0) return bits;
  const zeros = 8 - count;
  if (zeros === 0) return -1;
  groups.copyWithin(gap + zeros, gap, count);
  groups.fill(0, gap, gap + zeros);
  return 128;
}

/** The same with `/bits`; a single word needs them. */
export function readPrefix6(line: Line, groups: Uint16Array): number {
  const bits = readWords6(line, groups);
  if (bits >= 0 && line.peek() === SLASH) return readLength(line, 128);
  return bits === 16 ? -1 : bits;
}

/** Groups as words of 32 bits. */
export function packGroups(groups: Uint16Array, words: Uint32Array): void {
  for (let k = 0; k < 4; k++) {
    words[k] = (groups[2 * k] as number) * 0x1_0000 + (groups[2 * k + 1] as number);
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
