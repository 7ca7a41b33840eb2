import { isUtf8 } from 'node:buffer';

/** A byte b that is not UTF-8 is the lone surrogate U+DC00 + b (as in PEP 383). */
const ESCAPE = 0xdc00;
/** With the flag u only surrogates without a partner match. */
const ESCAPED = /[\uDC80-\uDCFF]/u;
const EACH_ESCAPED = /([\uDC80-\uDCFF])/u;

/**
 * Text of bytes that are most likely UTF-8, of which none is lost: what is not, such as a comment
 * in an older encoding, comes back as it was from {@link encodeLossless}.
 */
export function decodeLossless(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      parts.push(bytes.toString('utf8', start, at));
      parts.push(String.fromCharCode(ESCAPE + (bytes[at] as number)));
      start = at + 1;
    }
    at += Math.max(1, length);
  }
  parts.push(bytes.toString('utf8', start));
  return parts.join('');
}

/** The bytes of such a text, or of any other in UTF-8. */
export function encodeLossless(text: string): Buffer {
  if (!ESCAPED.test(text)) return Buffer.from(text, 'utf8');
  const parts = text.split(EACH_ESCAPED);
  return Buffer.concat(
    parts.map((part, k) =>
      k % 2 === 0 ? Buffer.from(part, 'utf8') : Buffer.of(part.charCodeAt(0) - ESCAPE),
    ),
  );
}

/** How many bytes from here are one character in UTF-8; 0 where they are none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}
