/**
 * One line of a zone file as it is read: bytes from `at` to `end`, white space at both ends left
 * out. One object serves a whole file, and what a function has read stands in its fields: a
 * million lines cost no object each. A file comes in pieces of whole lines, whose memory may be used again.
 */
export class Line {
  bytes: Uint8Array = new Uint8Array(0);
  readonly file: string;
  /** 1-based. */
  number = 0;
  at = 0;
  end = 0;
  /** What the functions of addresses-4.ts read. */
  first = 0;
  last = 0;

  constructor(file: string) {
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

/** How many addresses {@link scanAddresses} found. */
export const scanned = { count: 0 };

/** Four octets of three digits, three dots and a newline. */
const LONGEST_ADDRESS_LINE = 16;

/**
 * Reads lines that are nothing but four octets and a newline, as many as follow one another: the
 * usual lines of large files, in one loop over their bytes. The last lines of a piece are left to
 * others.
 *
 * @param into gets the addresses; no more are read than it holds
 * @returns where the next line begins, which is `start` where the first one is another
 */
export function scanAddresses(bytes: Uint8Array, start: number, into: Uint32Array): number {
  const lastStart = bytes.length - LONGEST_ADDRESS_LINE;
  let next = start;
  let count = 0;
  while (next <= lastStart && count < into.length) {
    let at = next;
    const a = scanOctet(bytes, at, DOT);
    if (a < 0) break;
    at += a >> 8;
    const b = scanOctet(bytes, at, DOT);
    if (b < 0) break;
    at += b >> 8;
    const c = scanOctet(bytes, at, DOT);
    if (c < 0) break;
    at += c >> 8;
    const d = scanOctet(bytes, at, NEWLINE);
    if (d < 0) break;
    next = at + (d >> 8);
    into[count++] = ((a & 255) << 24) | ((b & 255) << 16) | ((c & 255) << 8) | (d & 255);
  }
  scanned.count = count;
  return next;
}

/**
 * Reads one to three digits and what ends them. How many there are is nothing that a processor could
 * foresee, so there is no branch on it.
 *
 * @returns value, and the bytes of both times 256; −1 where it is something else
 */
function scanOctet(bytes: Uint8Array, at: number, end: number): number {
  const first = (bytes[at] as number) - 0x30;
  const second = (bytes[at + 1] as number) - 0x30;
  const third = (bytes[at + 2] as number) - 0x30;
  // all bits where it is a digit
  const hasSecond = ~((second | (9 - second)) >> 31);
  const hasThird = ~((third | (9 - third)) >> 31) & hasSecond;
  let value = first;
  value += (9 * value + second) & hasSecond;
  value += (9 * value + third) & hasThird;
  const digits = 1 - hasSecond - hasThird;
  const isOctet = (first | (9 - first) | (255 - value)) >= 0 && bytes[at + digits] === end;
  return isOctet ? ((digits + 1) << 8) | value : -1;
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
