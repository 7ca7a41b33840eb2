/**
 * One line of a zone file as it is read: bytes from `at` to `end`, white space at both ends left
 * out. One object serves a whole file, and what a function has read stands in its fields: a
 * million lines cost no object each.
 */
export class Line {
  readonly bytes: Uint8Array;
  readonly file: string;
  /** 1-based. */
  number = 0;
  at = 0;
  end = 0;
  /** What the functions of addresses-4.ts read. */
  first = 0;
  last = 0;

  constructor(bytes: Uint8Array, file: string) {
    this.bytes = bytes;
    this.file = file;
  }

  /** The byte `ahead` of the current one; 0 where the line has ended. */
  peek(ahead = 0): number {
    const at = this.at + ahead;
    return at < this.end ? (this.bytes[at] as number) : 0;
  }

  skipSpace(): void {
    while (isSpace(this.peek())) this.at++;
  }

  /** Whether an address may end here: before white space, a comment or a value. */
  isAtWordEnd(): boolean {
    const byte = this.peek();
    return byte === 0 || isSpace(byte) || isComment(byte) || byte === COLON;
  }

  /** Whether no value follows. */
  isAtLineEnd(): boolean {
    const byte = this.peek();
    return byte === 0 || isComment(byte);
  }

  /** From here to the end, each byte as one character. */
  rest(): string {
    return textOf(this.bytes, this.at, this.end);
  }
}

const TAB = 0x09;
export const NEWLINE = 0x0a;
const SPACE = 0x20;
export const EXCLAMATION = 0x21;
const HASH = 0x23;
const DOT = 0x2e;
export const DOLLAR = 0x24;
export const COLON = 0x3a;
const SEMICOLON = 0x3b;

/** Space and tab; a carriage return is none. */
export function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

export function isComment(byte: number): boolean {
  return byte === HASH || byte === SEMICOLON;
}

/** Bytes as a string of one character each (Latin-1), so that nothing of them is lost. */
export function textOf(bytes: Uint8Array, from = 0, to = bytes.length): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}

/** The way back from {@link textOf}. */
export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** What {@link scanAddress} found. */
export const scanned = { address: 0 };

/**
 * Reads a line that is nothing but four octets and a newline.
 *
 * @returns where the next line begins; −1 for every other line
 */
export function scanAddress(bytes: Uint8Array, start: number): number {
  let at = start;
  let address = 0;
  for (let k = 0; k < 4; k++) {
    let octet = (bytes[at] as number) - 0x30;
    if (!(octet >= 0 && octet <= 9)) return -1;
    let byte = bytes[++at] as number;
    while (byte >= 0x30 && byte <= 0x39) {
      octet = octet * 10 + byte - 0x30;
      if (octet > 255) return -1;
      byte = bytes[++at] as number;
    }
    if (byte !== (k < 3 ? DOT : NEWLINE)) return -1;
    address = (address << 8) | octet;
    at++;
  }
  scanned.address = address >>> 0;
  return at;
}

/**
 * Moves `line` to the line that begins at `start`. As in C a zero byte ends it for the reader.
 *
 * @returns where the next line begins; past the end of the file where the last line has no newline
 */
export function takeLine(line: Line, start: number): number {
  const { bytes } = line;
  const size = bytes.length;
  let at = start;
  let end = -1;
  while (at < size) {
    const byte = bytes[at] as number;
    if (byte === NEWLINE) break;
    if (byte === 0 && end < 0) end = at;
    at++;
  }
  const next = at + 1;
  if (end < 0) end = at;
  while (start < end && isSpace(bytes[start] as number)) start++;
  while (end > start && isSpace(bytes[end - 1] as number)) end--;
  line.number++;
  line.at = start;
  line.end = end;
  return next;
}
