/** Types of the MaxMind DB data section (format 2.0, "Output Data Section") that we write. */
const TYPE = { text: 2, uint16: 5, uint32: 6, map: 7, uint64: 9, array: 11 } as const;

export type MmdbValue =
  string | readonly MmdbValue[] | { readonly [key: string]: MmdbValue } | MmdbInteger;

/** An integer with the type in which readers expect it. */
export class MmdbInteger {
  readonly type: 'uint16' | 'uint32' | 'uint64';
  readonly value: number;

  /** @param value a whole number from 0 to 2^53 − 1 */
  constructor(type: MmdbInteger['type'], value: number) {
    this.type = type;
    this.value = value;
  }
}

/** The bytes of a value in the data section or the metadata. */
export function encodeValue(value: MmdbValue): Uint8Array {
  return Uint8Array.from(bytesOf(value));
}

function bytesOf(value: MmdbValue): number[] {
  if (typeof value === 'string') {
    const text = [...Buffer.from(value)];
    return [...control(TYPE.text, text.length), ...text];
  }
  if (value instanceof MmdbInteger) {
    const digits: number[] = [];
    for (let rest = value.value; rest > 0; rest = Math.floor(rest / 256))
      digits.unshift(rest % 256);
    return [...control(TYPE[value.type], digits.length), ...digits];
  }
  if (isArray(value)) return [...control(TYPE.array, value.length), ...value.flatMap(bytesOf)];
  const pairs = Object.entries(value);
  const content = pairs.flatMap(([key, item]) => [...bytesOf(key), ...bytesOf(item)]);
  return [...control(TYPE.map, pairs.length), ...content];
}

function isArray(value: MmdbValue): value is readonly MmdbValue[] {
  return Array.isArray(value);
}

/** Type and size; types above 7 stand in a byte of their own, sizes from 29 in one to three. */
function control(type: number, size: number): number[] {
  const [inFirst, behind] = sizeBytes(size);
  return type <= 7 ? [(type << 5) | inFirst, ...behind] : [inFirst, type - 7, ...behind];
}

function sizeBytes(size: number): [number, number[]] {
  if (size < 29) return [size, []];
  if (size < 285) return [29, [size - 29]];
  if (size < 65_821) return [30, [(size - 285) >>> 8, (size - 285) & 255]];
  const rest = size - 65_821;
  return [31, [rest >>> 16, (rest >>> 8) & 255, rest & 255]];
}
