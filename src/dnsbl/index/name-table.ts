import { EXCLUDED, NAME_KIND, type NameLayer } from '../zone/zone-source.js';
import { sharedBytes, sharedWords, toSharedBytes } from './columns.js';
import { hashBackwards, sameBytes, slotOf, slotsFor } from './hash.js';

/** In place of an answer: nothing is said about the name in this way. */
export const NOTHING = 0xffff_fffe;

/**
 * Names below a branch with what they answer, as an open hash table in shared memory. Every
 * ancestor of a listed name is in it too, so that an empty non-terminal is known (RFC 8020).
 */
export interface NameTable {
  readonly holds: NameLayer['holds'];
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
  /** Entry plus one; 0 is an empty slot. A power of two. */
  readonly slots: Uint32Array;
  /** Answer of the name itself: number, EXCLUDED or NOTHING. */
  readonly exact: Uint32Array;
  /** Answer of every name below it. */
  readonly below: Uint32Array;
  /** 1 where the name or one below it is listed. */
  readonly exists: Uint8Array;
  readonly hasWildcards: boolean;
}

/** @param offset is added to every answer */
export function nameTableOf(layer: NameLayer, offset: number): NameTable {
  return new NameTableBuilder(layer, offset).build();
}

/** Entry of the name `name[from…to)`, or −1. */
export function findName(
  table: NameTable,
  hash: number,
  name: Uint8Array,
  from: number,
  to: number,
): number {
  const { slots, offsets, bytes } = table;
  const mask = slots.length - 1;
  for (let slot = slotOf(hash, mask); ; slot = (slot + 1) & mask) {
    const entry = (slots[slot] as number) - 1;
    if (entry < 0) return -1;
    const start = offsets[entry] as number;
    const length = (offsets[entry + 1] as number) - start;
    if (length === to - from && sameBytes(bytes, start, name, from, length)) return entry;
  }
}

class NameTableBuilder {
  readonly #layer: NameLayer;
  readonly #offset: number;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #exact: number[] = [];
  readonly #below: number[] = [];
  readonly #exists: number[] = [];
  #slots: Uint32Array;

  constructor(layer: NameLayer, offset: number) {
    this.#layer = layer;
    this.#offset = offset;
    this.#slots = new Uint32Array(slotsFor(layer.answers.length * 2 + 1));
  }

  build(): NameTable {
    const { answers, kinds, offsets, bytes } = this.#layer;
    for (let k = 0; k < answers.length; k++) {
      const answer = answers[k] as number;
      const from = offsets[k] as number;
      const to = offsets[k + 1] as number;
      const entry = this.#entryOf(from, to);
      const column = kinds[k] === NAME_KIND.wildcard ? this.#below : this.#exact;
      column[entry] = answer === EXCLUDED ? EXCLUDED : answer + this.#offset;
      if (answer === EXCLUDED) continue;
      // an ancestor that is known to exist has had all of its own ancestors marked
      for (let at = from; at < to; at += 1 + (bytes[at] as number)) {
        const ancestor = this.#entryOf(at, to);
        if (this.#exists[ancestor] === 1) break;
        this.#exists[ancestor] = 1;
      }
    }
    return this.#pack();
  }

  /** The entry of a name, made where there is none. */
  #entryOf(from: number, to: number): number {
    const { bytes } = this.#layer;
    if (this.#starts.length * 2 >= this.#slots.length) this.#grow();
    const mask = this.#slots.length - 1;
    let slot = slotOf(hashBackwards(bytes, from, to), mask);
    for (; (this.#slots[slot] as number) !== 0; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] as number) - 1;
      const start = this.#starts[entry] as number;
      const length = (this.#ends[entry] as number) - start;
      if (length === to - from && sameBytes(bytes, start, bytes, from, length)) return entry;
    }
    const entry = this.#starts.push(from) - 1;
    this.#ends.push(to);
    this.#exact.push(NOTHING);
    this.#below.push(NOTHING);
    this.#exists.push(0);
    this.#slots[slot] = entry + 1;
    return entry;
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (const [entry, from] of this.#starts.entries()) {
      let slot = slotOf(hashBackwards(this.#layer.bytes, from, this.#ends[entry] as number), mask);
      while ((this.#slots[slot] as number) !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = entry + 1;
    }
  }

  #pack(): NameTable {
    const count = this.#starts.length;
    const offsets = sharedWords(count + 1);
    let length = 0;
    for (let k = 0; k < count; k++) {
      offsets[k] = length;
      length += (this.#ends[k] as number) - (this.#starts[k] as number);
    }
    offsets[count] = length;
    const bytes = sharedBytes(length);
    for (let k = 0; k < count; k++) {
      bytes.set(this.#layer.bytes.subarray(this.#starts[k], this.#ends[k]), offsets[k]);
    }
    const slots = sharedWords(this.#slots.length);
    slots.set(this.#slots);
    const exact = sharedWords(count);
    exact.set(this.#exact);
    const below = sharedWords(count);
    below.set(this.#below);
    return {
      holds: this.#layer.holds,
      bytes,
      offsets,
      slots,
      exact,
      below,
      exists: toSharedBytes(Uint8Array.from(this.#exists)),
      hasWildcards: this.#below.some((answer) => answer !== NOTHING),
    };
  }
}
