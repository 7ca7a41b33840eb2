import { readOctets4 } from './addresses-4.js';
import type { Value } from './answers.js';
import { COLON, type Line, bytesOf, textOf } from './line.js';
import { type ReadContext, refuse } from './set-reader.js';

/** rbldnsd's own default. */
const BUILT_IN: Value = { address: 0x7f00_0002, text: '' };
/** It is the first one of every table. */
const BUILT_IN_INDEX = 0;
const LOOPBACK = 0x7f00_0000;
const LONGEST_TEXT = 255;

/**
 * The values of a dataset, each once, and the way they are written: `:A:TXT`, `:A` (TXT of the
 * default), `:A:` (no TXT), `TXT` (A of the default).
 */
export class ValueTable {
  readonly values: Value[] = [];
  /** Index of the value of entries without one. */
  default = 0;
  readonly #indices = new Map<string, number>();
  /** The texts read since the default was set, with the index of their value. */
  readonly #read = new Map<string, number>();
  #last: Uint8Array = new Uint8Array(0);
  #lastIndex = -1;
  readonly #context: ReadContext;

  constructor(context: ReadContext) {
    this.#context = context;
    this.resetDefault();
  }

  resetDefault(): void {
    this.#setDefault(this.#indexOf(BUILT_IN));
  }

  /**
   * A line `:A:TXT` (or in rbldnsd's other ways): what it leaves out is as in the built-in
   * value. Tells whether it could be read.
   */
  readDefault(line: Line, fallback = BUILT_IN_INDEX): boolean {
    const value = this.#parse(line, this.values[fallback] as Value);
    if (value !== undefined) this.#setDefault(this.#indexOf(value));
    return value !== undefined;
  }

  /**
   * The value behind an entry.
   *
   * @returns its index, or −1 where it cannot be read
   */
  read(line: Line): number {
    line.skipSpace();
    if (line.isAtLineEnd()) return this.default;
    if (this.#isLast(line)) return this.#lastIndex;
    const text = line.rest();
    let index = this.#read.get(text);
    if (index === undefined) {
      const value = this.#parse(line, this.values[this.default] as Value);
      if (value === undefined) return -1;
      index = this.#indexOf(value);
      this.#read.set(text, index);
    }
    this.#last = bytesOf(text);
    this.#lastIndex = index;
    return index;
  }

  /** Files have long runs of one value. */
  #isLast(line: Line): boolean {
    const { bytes, at, end } = line;
    const last = this.#last;
    if (end - at !== last.length || this.#lastIndex < 0) return false;
    for (let k = 0; k < last.length; k++) if (bytes[at + k] !== last[k]) return false;
    return true;
  }

  #parse(line: Line, fallback: Value): Value | undefined {
    const start = line.at;
    if (line.peek() !== COLON) return { address: fallback.address, text: this.#readText(line) };
    line.at++;
    const address = readReturnCode(line);
    if (address === 0) {
      line.at = start;
      refuse(this.#context, line, 'a return code such as :127.0.0.2: or :2: (not 0)');
      return undefined;
    }
    line.skipSpace();
    if (line.peek() === COLON) {
      line.at++;
      line.skipSpace();
      return { address, text: this.#readText(line) };
    }
    if (line.peek() === 0) return { address, text: fallback.text };
    refuse(this.#context, line, 'a colon between the return code and the text, as in :2:Listed');
    return undefined;
  }

  #readText(line: Line): string {
    const { bytes, at, end } = line;
    if (end - at <= LONGEST_TEXT) return textOf(bytes, at, end);
    this.#context.warnings.add(line, `a text of ${LONGEST_TEXT} bytes at most (it is cut)`);
    return textOf(bytes, at, at + LONGEST_TEXT);
  }

  #indexOf(value: Value): number {
    const key = `${value.address} ${value.text}`;
    let index = this.#indices.get(key);
    if (index === undefined) {
      index = this.values.push(value) - 1;
      this.#indices.set(key, index);
    }
    return index;
  }

  #setDefault(index: number): void {
    this.default = index;
    this.#read.clear();
    this.#lastIndex = -1;
  }
}

/** `n` is 127.0.0.n, `a.b` is a.0.0.b, `a.b.c` is a.b.0.c; 0 where there is none. */
function readReturnCode(line: Line): number {
  const bits = readOctets4(line);
  if (bits < 0) return 0;
  const address = shortAddress(line.first, bits);
  return address !== 0 && bits === 8 ? (address | LOOPBACK) >>> 0 : address;
}

/** The address that inet_aton(3) reads: of fewer than four octets the last one is the last. */
export function shortAddress(octets: number, bits: number): number {
  if (bits === 8) return octets >>> 24;
  if (bits === 16) return ((octets & 0xff00_0000) | ((octets >>> 16) & 0xff)) >>> 0;
  if (bits === 24) return ((octets & 0xffff_0000) | ((octets >>> 8) & 0xff)) >>> 0;
  return octets;
}
