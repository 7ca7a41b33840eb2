import { get16 } from '../wire/bytes.js';
import { EDNS_UDP_BYTES, HEADER_BYTES, PLAIN_UDP_BYTES, TYPE } from '../wire/codes.js';
import { LONGEST_LABEL, LONGEST_NAME, lowerByte } from '../wire/name.js';

/** What becomes of a message before its question is looked at. */
export const READ = { ok: 0, drop: 1, faulty: 2 } as const;

/** A question, read into memory that is used again for the next. */
export class Query {
  /** The name in lower case, wire form. */
  readonly name = new Uint8Array(LONGEST_NAME + 1);
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
    if (get16(bytes, at + 6) !== 0) return READ.faulty;
    if (get16(bytes, at + 8) !== 0 && this.type !== TYPE.IXFR) return READ.faulty;
    const additional = get16(bytes, at + 8) + get16(bytes, at + 10);
    return this.#readRecords(bytes, at + this.questionEnd, end, additional) ? READ.ok : READ.faulty;
  }

  #readQuestion(bytes: Uint8Array, at: number, end: number): boolean {
    const { name, labelAt } = this;
    let from = at + HEADER_BYTES;
    let to = 0;
    let labels = 0;
    for (;;) {
      if (from >= end) return false;
      const length = bytes[from] as number;
      name[to] = length;
      if (length === 0) break;
      // a compressed name has nothing to point to in a question
      if (length > LONGEST_LABEL || to + length + 2 > LONGEST_NAME || from + length >= end) {
        return false;
      }
      labelAt[labels++] = to;
      for (let k = 1; k <= length; k++) name[to + k] = lowerByte(bytes[from + k] as number);
      to += length + 1;
      from += length + 1;
    }
    if (from + 5 > end) return false;
    this.labels = labels;
    this.nameEnd = to;
    this.type = get16(bytes, from + 1);
    this.klass = get16(bytes, from + 3);
    this.questionEnd = from + 5 - at;
    return true;
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
