import { get16, get32 } from '../wire/bytes.js';

/** Owner (a pointer), type, class, TTL, length of the data. */
export const RECORD_BYTES = 12;
const TYPE = 2;
const TTL = 6;
const DATA_LENGTH = 10;

/** Where a record that begins at `at`, its owner a pointer, ends. */
export function endOfRecord(bytes: Uint8Array, at: number): number {
  return at + RECORD_BYTES + get16(bytes, at + DATA_LENGTH);
}

/**
 * Records of one name that came of several listings: leaves out what stands there twice, moves the
 * others together, and gives all of a type the smallest TTL (RFC 2181 5.2).
 *
 * @param records where each of the `count` records begins; the first of them is changed in place
 * @returns how many are left
 */
export function settleRecords(bytes: Uint8Array, records: Uint32Array, count: number): number {
  let kept = 0;
  let end = records[0] as number;
  for (let k = 0; k < count; k++) {
    const from = records[k] as number;
    const to = endOfRecord(bytes, from);
    let isKnown = false;
    for (let j = 0; j < kept; j++) {
      const other = records[j] as number;
      if (!hasSameType(bytes, other, from)) continue;
      lowerTtl(bytes, other, from);
      if (hasSameData(bytes, other, from)) isKnown = true;
    }
    if (isKnown) continue;
    bytes.copyWithin(end, from, to);
    records[kept++] = end;
    end += to - from;
  }
  for (let k = kept - 2; k >= 0; k--) {
    for (let j = k + 1; j < kept; j++) {
      const [a, b] = [records[k] as number, records[j] as number];
      if (hasSameType(bytes, a, b)) lowerTtl(bytes, a, b);
    }
  }
  return kept;
}

function hasSameType(bytes: Uint8Array, a: number, b: number): boolean {
  return get16(bytes, a + TYPE) === get16(bytes, b + TYPE);
}

function lowerTtl(bytes: Uint8Array, a: number, b: number): void {
  const [ttlA, ttlB] = [get32(bytes, a + TTL), get32(bytes, b + TTL)];
  if (ttlA === ttlB) return;
  const from = ttlA < ttlB ? a : b;
  bytes.copyWithin((ttlA < ttlB ? b : a) + TTL, from + TTL, from + DATA_LENGTH);
}

function hasSameData(bytes: Uint8Array, a: number, b: number): boolean {
  const length = get16(bytes, a + DATA_LENGTH);
  if (length !== get16(bytes, b + DATA_LENGTH)) return false;
  for (let k = RECORD_BYTES; k < RECORD_BYTES + length; k++) {
    if (bytes[a + k] !== bytes[b + k]) return false;
  }
  return true;
}
