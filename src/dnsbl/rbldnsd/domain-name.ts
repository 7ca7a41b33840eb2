import { LONGEST_LABEL, LONGEST_NAME, lowerByte } from '../wire/name.js';
import { bytesOf } from './line.js';

const DOT = 0x2e;
const BACKSLASH = 0x5c;

/**
 * Reads a name as rbldnsd does (its dns_ptodn.c): empty labels are left out, `\d`, `\dd` and
 * `\ddd` stand for bytes. Writes its wire form with the root's zero to `out` (255 bytes).
 *
 * @returns bytes written, 1 for the root; 0 where a label or the name is too long, or a
 *   number above 255
 */
export function writeName(
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  fold: (byte: number) => number = lowerByte,
): number {
  let used = 1; // the first label's length byte
  let label = 0; // where the current label's length byte is
  for (let at = from; at < to; at++) {
    let byte = bytes[at] as number;
    if (byte === DOT) {
      const length = used - label - 1;
      if (length === 0) continue;
      if (length > LONGEST_LABEL) return 0;
      out[label] = length;
      label = used++;
      continue;
    }
    if (byte === BACKSLASH) {
      if (++at >= to) break;
      byte = bytes[at] as number;
      if (isDigit(byte)) {
        byte -= 0x30;
        for (let more = 0; more < 2 && at + 1 < to && isDigit(bytes[at + 1] as number); more++) {
          byte = byte * 10 + (bytes[++at] as number) - 0x30;
        }
        if (byte > 255) return 0;
      }
    }
    if (used >= LONGEST_NAME - 1) return 0;
    out[used++] = fold(byte);
  }
  const length = used - label - 1;
  if (length > LONGEST_LABEL) return 0;
  out[label] = length;
  if (length === 0) return used;
  out[used] = 0;
  return used + 1;
}

/** The same from a text, with its case where that is wished; undefined where it is no name. */
export function parseDomainName(text: string, keepCase = false): Uint8Array | undefined {
  const bytes = bytesOf(text);
  const out = new Uint8Array(LONGEST_NAME + 1);
  const length = writeName(bytes, 0, bytes.length, out, keepCase ? (byte) => byte : undefined);
  return length === 0 ? undefined : out.slice(0, length);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
