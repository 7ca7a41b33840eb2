/** IP version. */
export type Family = 4 | 6;

export const FAMILIES: readonly Family[] = [4, 6];

/** Unsigned 32-bit words in an address of this family, most significant first. */
export function wordsOf(family: Family): 1 | 4 {
  return family === 4 ? 1 : 4;
}

/** Bits in an address of this family. */
export function bitsOf(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}
