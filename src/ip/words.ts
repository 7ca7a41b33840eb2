/**
 * Arithmetic on addresses as runs of unsigned 32-bit words inside a Uint32Array
 * (one word for IPv4, four for IPv6, most significant first). An address is named by
 * its array and the index of its first word, so that whole files are handled without an
 * object or a BigInt per address.
 */

/** Reads a word that the caller knows to be inside the array. */
export function wordAt(array: Uint32Array, index: number): number {
  return array[index] as number;
}

/** Negative, 0 or positive, as address `a[i…]` is below, equal to or above `b[j…]`. */
export function compareWords(
  a: Uint32Array,
  i: number,
  b: Uint32Array,
  j: number,
  words: number,
): number {
  for (let k = 0; k < words; k++) {
    const x = wordAt(a, i + k);
    const y = wordAt(b, j + k);
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** Copies one address. */
export function copyWords(
  from: Uint32Array,
  i: number,
  to: Uint32Array,
  j: number,
  words: number,
): void {
  for (let k = 0; k < words; k++) to[j + k] = wordAt(from, i + k);
}

/** Adds one in place; false when the address was the highest there is (then it wraps to 0). */
export function increment(a: Uint32Array, i: number, words: number): boolean {
  for (let k = words - 1; k >= 0; k--) {
    const next = (wordAt(a, i + k) + 1) >>> 0;
    a[i + k] = next;
    if (next !== 0) return true;
  }
  return false;
}

/** Subtracts one in place; false when the address was 0 (then it wraps to the highest). */
export function decrement(a: Uint32Array, i: number, words: number): boolean {
  for (let k = words - 1; k >= 0; k--) {
    const before = wordAt(a, i + k);
    a[i + k] = (before - 1) >>> 0;
    if (before !== 0) return true;
  }
  return false;
}

/** Whether `b[j…]` is exactly `a[i…]` + 1. */
export function isSuccessor(
  a: Uint32Array,
  i: number,
  b: Uint32Array,
  j: number,
  words: number,
): boolean {
  let carry = 1;
  for (let k = words - 1; k >= 0; k--) {
    const x = wordAt(a, i + k);
    const sum = carry === 1 ? (x + 1) >>> 0 : x;
    if (sum !== wordAt(b, j + k)) return false;
    if (sum !== 0) carry = 0;
  }
  return carry === 0;
}

/** Number of zero bits at the low end; all bits for address 0. */
export function trailingZeros(a: Uint32Array, i: number, words: number): number {
  for (let k = words - 1; k >= 0; k--) {
    const x = wordAt(a, i + k);
    if (x !== 0) return (words - 1 - k) * 32 + (31 - Math.clz32(x & -x));
  }
  return words * 32;
}

/**
 * floor(log2(last − first + 1)): the exponent of the largest power of two that is not
 * larger than the number of addresses from first to last, both included.
 */
export function sizeExponent(
  first: Uint32Array,
  i: number,
  last: Uint32Array,
  j: number,
  words: number,
): number {
  // size = last − first + 1, computed from the low word up, noting the highest set bit
  let borrow = 0;
  let carry = 1;
  let exponent = 0;
  for (let k = words - 1; k >= 0; k--) {
    let digit = wordAt(last, j + k) - wordAt(first, i + k) - borrow;
    borrow = digit < 0 ? 1 : 0;
    digit = (digit >>> 0) + carry;
    carry = digit > 0xffffffff ? 1 : 0;
    digit = digit >>> 0;
    if (digit !== 0) exponent = (words - 1 - k) * 32 + (31 - Math.clz32(digit));
  }
  return carry === 1 ? words * 32 : exponent;
}

/** Sets the lowest `count` bits of the address to one (the end of a block). */
export function setLowBits(a: Uint32Array, i: number, words: number, count: number): void {
  let left = count;
  for (let k = words - 1; k >= 0 && left > 0; k--) {
    a[i + k] = left >= 32 ? 0xffffffff : (wordAt(a, i + k) | (2 ** left - 1)) >>> 0;
    left -= 32;
  }
}

/** Whether the lowest `count` bits are all zero (no host bits set). */
export function lowBitsAreZero(a: Uint32Array, i: number, words: number, count: number): boolean {
  return trailingZeros(a, i, words) >= count;
}

/** The number of addresses from first to last as a double: exact for IPv4, 53 bits of it for IPv6. */
export function countFromTo(
  first: Uint32Array,
  i: number,
  last: Uint32Array,
  j: number,
  words: number,
): number {
  let size = 0;
  for (let k = 0; k < words; k++) {
    size = size * 2 ** 32 + (wordAt(last, j + k) - wordAt(first, i + k));
  }
  return size + 1;
}
