import type { RangeSet } from '../ip/range-set.js';
import { wordAt } from '../ip/words.js';

/** Bits of one record: a node of the tree is two of them. */
export type RecordSize = 24 | 28 | 32;

/** What a search ends at where nothing is known. A record never points at the root, node 0. */
const EMPTY = 0;
/** Records from here up are values: this plus the value's number. */
const VALUE = 0x80000000;

/**
 * The binary search tree of a MaxMind DB file (version 2.0 of its format), over IPv6 addresses,
 * one bit a node, with IPv4 addresses under ::/96. Nodes are pairs of records in one typed
 * array: half a million prefixes make some millions of them.
 */
export class MmdbTree {
  #records = new Uint32Array(1 << 12);
  #nodes = 1;
  readonly #path = new Uint32Array(4);

  get nodeCount(): number {
    return this.#nodes;
  }

  /** Gives every address of the set the value, where it has none yet: the first one wins. */
  add(set: RangeSet, value: number): void {
    const path = this.#path;
    const offset = set.family === 4 ? 96 : 0;
    set.forEachPrefix((words, length) => {
      path.fill(0);
      path.set(words, 4 - words.length);
      const record = this.#recordAt(path, offset + length, 'make');
      if (record >= 0) this.#fill(record, VALUE + value);
    });
  }

  /** Lets the prefix `copy` lead where `original` leads, if that is anywhere. */
  alias(copy: Uint32Array, original: Uint32Array, length: number): void {
    const target = this.#recordAt(original, length, 'find');
    const record = target < 0 ? -1 : this.#recordAt(copy, length, 'make');
    if (record >= 0) this.#records[record] = wordAt(this.#records, target);
  }

  /**
   * Index of the record where the prefix ends; −1 where a value of a shorter prefix is met
   * before, or a node is missing that is not to be made.
   */
  #recordAt(words: Uint32Array, length: number, missing: 'find' | 'make'): number {
    let node = 0;
    for (let bit = 0; ; bit++) {
      const side = (wordAt(words, bit >>> 5) >>> (31 - (bit & 31))) & 1;
      const record = 2 * node + side;
      if (bit === length - 1) return record;
      const next = wordAt(this.#records, record);
      if (next >= VALUE || (next === EMPTY && missing === 'find')) return -1;
      node = next === EMPTY ? this.#newNode(record) : next;
    }
  }

  #newNode(parent: number): number {
    if (2 * this.#nodes === this.#records.length) {
      const larger = new Uint32Array(2 * this.#records.length);
      larger.set(this.#records);
      this.#records = larger;
    }
    this.#records[parent] = this.#nodes;
    return this.#nodes++;
  }

  #fill(record: number, value: number): void {
    const held = wordAt(this.#records, record);
    if (held === EMPTY) this.#records[record] = value;
    else if (held < VALUE) {
      this.#fill(2 * held, value);
      this.#fill(2 * held + 1, value);
    }
  }

  /**
   * The tree section of a file.
   * @param offsets of each value in the data section, in bytes
   */
  encode(recordSize: RecordSize, offsets: readonly number[]): Uint8Array {
    const out = new Uint8Array((this.#nodes * 2 * recordSize) / 8);
    const bytes = (2 * recordSize) / 8;
    for (let node = 0; node < this.#nodes; node++) {
      const left = this.#recordValue(2 * node, offsets);
      const right = this.#recordValue(2 * node + 1, offsets);
      writeNode(out, node * bytes, recordSize, left, right);
    }
    return out;
  }

  /** A node's number; the number of nodes for "nothing"; above it a place in the data section. */
  #recordValue(record: number, offsets: readonly number[]): number {
    const held = wordAt(this.#records, record);
    if (held === EMPTY) return this.#nodes;
    if (held < VALUE) return held;
    return this.#nodes + DATA_SEPARATOR_BYTES + (offsets[held - VALUE] as number);
  }
}

/** Zero bytes between tree and data, counted in every record that points at data. */
export const DATA_SEPARATOR_BYTES = 16;

/** The smallest records that can point at every node and every byte of data. */
export function recordSizeFor(nodeCount: number, dataBytes: number): RecordSize {
  const largest = nodeCount + DATA_SEPARATOR_BYTES + dataBytes;
  if (largest < 2 ** 24) return 24;
  return largest < 2 ** 28 ? 28 : 32;
}

/** Big-endian; in a node of 28-bit records the middle byte holds the high 4 bits of both. */
function writeNode(
  out: Uint8Array,
  at: number,
  recordSize: RecordSize,
  left: number,
  right: number,
): void {
  const view = new DataView(out.buffer, out.byteOffset + at, (2 * recordSize) / 8);
  if (recordSize === 32) {
    view.setUint32(0, left);
    view.setUint32(4, right);
    return;
  }
  view.setUint16(0, left >>> 8);
  view.setUint8(2, left);
  const middle = recordSize === 28 ? 1 : 0;
  if (middle === 1) view.setUint8(3, ((left >>> 20) & 0xf0) | (right >>> 24));
  view.setUint16(3 + middle, right >>> 8);
  view.setUint8(5 + middle, right);
}
