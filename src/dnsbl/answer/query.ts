import { endianness } from 'node:os';

import { get16 } from '../wire/bytes.js';
import { EDNS_UDP_BYTES, HEADER_BYTES, PLAIN_UDP_BYTES, TYPE } from '../wire/codes.js';
import { LONGEST_LABEL, LONGEST_NAME, lowerByte, lowerWord } from '../wire/name.js';

/** What becomes of a message before its question is looked at. */
export const READ = { ok: 0, drop: 1, faulty: 2 } as const;

/** Two labels of one byte each, in a word: their lengths (masked as below). */
const TWO_SHORT_LABELS = 0x0001_0001;
const LENGTHS = 0x00ff_00ff;

/** Whether the first byte of a word is its lowest, as the constants above have it. */
const IS_LITTLE_ENDIAN = endianness() === 'LE';

const NO_WORDS = new Int32Array(0);

/** A question, read into memory that is used again for the next. */
export class Query {
  /** The name in lower case, wire form; behind it is what happens to be there. */
  readonly name = new Uint8Array(LONGEST_NAME + 5);
  /** Where each label begins in `name`, from the left. */
  readonly labelAt = new Uint8Array(128);
  labels = 0;
  /** Place of the root's zero in `name`. */
  nameEnd = 0;
  type = 0;
  klass = 0;
  opcode = 0;
  /** Behind the question, relative to the message. */
  questionEnd = 0;
  hasEdns = false;
  ednsVersion = 0;
  /** Largest reply that the client takes over UDP. */
  udpBytes: number = PLAIN_UDP_BYTES;

  /** As many labels are known to begin at each other byte. */
  #shortLabels = 0;
  readonly nameView = new DataView(this.name.buffer);
  readonly #nameWords = new Int32Array(this.name.buffer);
  /** The memory of the last message, and the same in words (none where they would not help). */
  #bytes: Uint8Array = this.name;
  #words: Int32Array = NO_WORDS;
  /** Where its words begin, in bytes before its own beginning. */
  #offset = 0;

  /**
   * Reads a message at `bytes[at…at + length)`.
   *
   * @returns READ.drop for what must not be answered (no whole header, or a reply); READ.faulty
   *   for what gets FORMERR. `questionEnd` is then 0 where the question could not be read.
   */
  read(bytes: Uint8Array, at: number, length: number): number {
    this.questionEnd = 0;
    this.hasEdns = false;
    this.udpBytes = PLAIN_UDP_BYTES;
    if (length < HEADER_BYTES || ((bytes[at + 2] as number) & 0x80) !== 0) return READ.drop;
    this.opcode = ((bytes[at + 2] as number) >>> 3) & 15;
    if (this.opcode !== 0) return READ.ok;
    const end = at + length;
    if (get16(bytes, at + 4) !== 1 || !this.#readQuestion(bytes, at, end)) return READ.faulty;
    // a query has nothing in these (RFC 1035 4.1.1; an IXFR's SOA is no question for UDP here)
    const answers = get16(bytes, at + 6);
    const authority = get16(bytes, at + 8);
    if (answers !== 0 || (authority !== 0 && this.type !== TYPE.IXFR)) return READ.faulty;
    const count = authority + get16(bytes, at + 10);
    if (count === 0) return this.questionEnd === length ? READ.ok : READ.faulty;
    return this.#readRecords(bytes, at + this.questionEnd, end, count) ? READ.ok : READ.faulty;
  }

  #readQuestion(bytes: Uint8Array, at: number, end: number): boolean {
    const { labelAt } = this;
    const start = at + HEADER_BYTES;
    const word = this.#wordAt(bytes, start);
    let from = start;
    let labels = 0;
    if (word < 0) {
      this.#shortLabels = 0;
    } else {
      // nibbles: the names of IPv6 addresses are little else
      const words = this.#words;
      const last = Math.min(end - 5, start + LONGEST_NAME - 5);
      for (; from <= last; from += 4) {
        const two = words[word + ((from - start) >>> 2)] as number;
        if ((two & LENGTHS) !== TWO_SHORT_LABELS) break;
        labels += 2;
      }
      // as the names of IPv6 addresses follow each other, these places are there already
      for (let k = this.#shortLabels; k < labels; k++) labelAt[k] = 2 * k;
      this.#shortLabels = labels;
    }
    for (;;) {
      if (from >= end) return false;
      const length = bytes[from] as number;
      if (length === 0) break;
      const to = from - start;
      // a compressed name has nothing to point to in a question
      if (length > LONGEST_LABEL || to + length + 2 > LONGEST_NAME || from + length >= end) {
        return false;
      }
      labelAt[labels++] = to;
      from += length + 1;
    }
    if (from + 5 > end) return false;
    this.#takeName(bytes, start, from - start + 1, word);
    this.labels = labels;
    this.nameEnd = from - start;
    this.type = get16(bytes, from + 1);
    this.klass = get16(bytes, from + 3);
    this.questionEnd = from + 5 - at;
    return true;
  }

  /** Copies a name in lower case; lengths of labels are no letters. Type and class follow it. */
  #takeName(bytes: Uint8Array, start: number, length: number, word: number): void {
    const { name } = this;
    if (word < 0) {
      for (let k = 0; k < length; k++) name[k] = lowerByte(bytes[start + k] as number);
      return;
    }
    const words = this.#words;
    const nameWords = this.#nameWords;
    for (let k = 0; 4 * k < length; k++) nameWords[k] = lowerWord(words[word + k] as number);
  }

  /** Place in `#words` of what begins at `bytes[start]`, or −1 where no word begins there. */
  #wordAt(bytes: Uint8Array, start: number): number {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      const { buffer, byteOffset, byteLength } = bytes;
      this.#offset = byteOffset & 3;
      this.#words = IS_LITTLE_ENDIAN
        ? new Int32Array(buffer, byteOffset - this.#offset, (this.#offset + byteLength) >>> 2)
        : NO_WORDS;
    }
    const place = start + this.#offset;
    return IS_LITTLE_ENDIAN && (place & 3) === 0 ? place >>> 2 : -1;
  }

  /** Reads to the end of the message; false where that is not where the last record ends. */
  #readRecords(bytes: Uint8Array, from: number, end: number, count: number): boolean {
    let next = from;
    for (let k = 0; k < count; k++) {
      const owner = next;
      next = skipName(bytes, next, end);
      if (next < 0 || next + 10 > end) return false;
      const type = get16(bytes, next);
      if (type === TYPE.OPT) {
        // one OPT, whose owner is the root (RFC 6891 6.1.1)
        if (this.hasEdns || next !== owner + 1) return false;
        this.hasEdns = true;
        this.ednsVersion = bytes[next + 5] as number;
        const size = get16(bytes, next + 2);
        this.udpBytes = Math.min(EDNS_UDP_BYTES, Math.max(PLAIN_UDP_BYTES, size));
      }
      next += 10 + get16(bytes, next + 8);
      if (next > end) return false;
    }
    return next === end;
  }
}

function skipName(bytes: Uint8Array, from: number, end: number): number {
  for (let i = from; i < end;) {
    const length = bytes[i] as number;
    if (length === 0) return i + 1;
    if (length >= 0xc0) return i + 2 <= end ? i + 2 : -1;
    if (length > LONGEST_LABEL) return -1;
    i += length + 1;
  }
  return -1;
}
