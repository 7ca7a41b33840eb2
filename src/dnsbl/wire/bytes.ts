/* Numbers in network order; the caller knows that they lie inside. */

export function get16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Unsigned. */
export function get32(bytes: Uint8Array, at: number): number {
  return get16(bytes, at) * 65536 + get16(bytes, at + 2);
}

export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
}

/** By words: records and texts are too short for the builtin, and too long for a byte at a time. */
export function copyBytes(
  from: DataView,
  start: number,
  to: DataView,
  at: number,
  length: number,
): void {
  let k = 0;
  for (; k + 4 <= length; k += 4) to.setInt32(at + k, from.getInt32(start + k));
  for (; k < length; k++) to.setUint8(at + k, from.getUint8(start + k));
}
