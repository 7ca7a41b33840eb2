/*
 * FNV-1a over a name's bytes from its end to its beginning, so that the hashes of all suffixes of
 * a name come from one pass.
 */

export const HASH_START = 0x811c9dc5;

export function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193) >>> 0;
}

/** Hash of `bytes[from…to)`. */
export function hashBackwards(bytes: Uint8Array, from: number, to: number): number {
  let hash = HASH_START;
  for (let i = to - 1; i >= from; i--) hash = hashByte(hash, bytes[i] as number);
  return hash;
}

/** A power of two of slots with at least half of them empty. */
export function slotsFor(entries: number): number {
  let slots = 4;
  while (slots < entries * 2) slots *= 2;
  return slots;
}

/** Spreads the hash: FNV's low bits alone are weak for names that differ in their first byte. */
export function slotOf(hash: number, mask: number): number {
  return (hash ^ (hash >>> 15)) & mask;
}

export function sameBytes(
  a: Uint8Array,
  i: number,
  b: Uint8Array,
  j: number,
  length: number,
): boolean {
  for (let k = 0; k < length; k++) if (a[i + k] !== b[j + k]) return false;
  return true;
}
