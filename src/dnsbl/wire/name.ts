/*
 * Domain names in wire form (RFC 1035 3.1): labels of a length byte and up to 63 bytes, ended by
 * the root's zero; 255 bytes at most. Names that are compared are in lower case.
 */

export const LONGEST_NAME = 255;
export const LONGEST_LABEL = 63;

const encoder = new TextEncoder();

/**
 * Reads a name in presentation form (RFC 1035 5.1) with or without the last dot; `\.` and `\DDD`
 * stand for bytes, and letters become lower case. `.` and the empty text are the root.
 *
 * @returns undefined where a label is empty or longer than 63 bytes, or the name than 255
 */
export function parseName(text: string): Uint8Array | undefined {
  const bytes = encoder.encode(text);
  if (text === '' || text === '.') return Uint8Array.of(0);
  const wire: number[] = [];
  let label: number[] = [];
  const finish = (): boolean => {
    if (label.length === 0 || label.length > LONGEST_LABEL) return false;
    wire.push(label.length, ...label);
    label = [];
    return true;
  };
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte === DOT) {
      if (!finish()) return undefined;
    } else if (byte === BACKSLASH) {
      const escaped = escapedByte(bytes, i + 1);
      if (escaped === undefined) return undefined;
      label.push(lowerByte(escaped.byte));
      i += escaped.length;
    } else {
      label.push(lowerByte(byte));
    }
  }
  if (label.length > 0 && !finish()) return undefined;
  wire.push(0);
  return wire.length > LONGEST_NAME ? undefined : Uint8Array.from(wire);
}

/** Presentation form without the last dot; `.` for the root. */
export function formatName(wire: Uint8Array, at = 0): string {
  let text = '';
  for (let i = at; (wire[i] as number) !== 0;) {
    const end = i + 1 + (wire[i] as number);
    if (text !== '') text += '.';
    for (i++; i < end; i++) text += byteText(wire[i] as number);
  }
  return text === '' ? '.' : text;
}

/** Number of labels, without the root's. */
export function countLabels(wire: Uint8Array): number {
  let count = 0;
  for (let i = 0; (wire[i] as number) !== 0; i += 1 + (wire[i] as number)) count++;
  return count;
}

/** The name `first.second`, where the labels fit. */
export function joinNames(first: Uint8Array, second: Uint8Array): Uint8Array | undefined {
  const joined = new Uint8Array(first.length - 1 + second.length);
  joined.set(first.subarray(0, -1));
  joined.set(second, first.length - 1);
  return joined.length > LONGEST_NAME ? undefined : joined;
}

const DOT = 0x2e;
const BACKSLASH = 0x5c;

/** ASCII letters in lower case; every other byte as it is (RFC 4343). */
export function lowerByte(byte: number): number {
  return (byte - 0x41) >>> 0 < 26 ? byte + 0x20 : byte;
}

/** The same for the four bytes of a word. */
export function lowerWord(word: number): number {
  const low = word & 0x7f7f_7f7f;
  // the highest bit of each byte: whether it is A or above, and whether it is above Z
  const fromA = (low + 0x3f3f_3f3f) | 0;
  const aboveZ = (low + 0x2525_2525) | 0;
  return word | (((fromA ^ aboveZ) & ~word & 0x8080_8080) >>> 2);
}

function escapedByte(
  bytes: Uint8Array,
  at: number,
): { readonly byte: number; readonly length: number } | undefined {
  const next = bytes[at];
  if (next === undefined) return undefined;
  if (next < 0x30 || next > 0x39) return { byte: next, length: 1 };
  const digits = String.fromCharCode(...bytes.subarray(at, at + 3));
  const byte = Number(digits);
  return /^\d{3}$/.test(digits) && byte <= 255 ? { byte, length: 3 } : undefined;
}

function byteText(byte: number): string {
  if (byte === DOT || byte === BACKSLASH) return `\\${String.fromCharCode(byte)}`;
  if (byte > 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\${String(byte).padStart(3, '0')}`;
}
