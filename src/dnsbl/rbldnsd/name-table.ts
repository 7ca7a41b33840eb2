import type { NameLayer } from '../zone/zone-source.js';
import { toShared, toSharedBytes } from '../index/columns.js';
import { withRoom } from './columns.js';

/**
 * Pairs of a name (wire form, lower case, without the root's zero) and a kind (NAME_KIND), each
 * once, with a number: bytes in one array and a hash table over them, so that a million names
 * cost no object each.
 */
export class NameTable {
  length = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #offsets: Uint32Array = new Uint32Array(64);
  #kinds: Uint8Array = new Uint8Array(64);
  #numbers: Uint32Array = new Uint32Array(64);
  /** Index plus one of a pair, 0 where free; twice as many places as pairs at least. */
  #places: Uint32Array = new Uint32Array(128);

  /** Index of the pair, whether it was there or is new; `isNew` tells for the last call. */
  place(name: Uint8Array, nameLength: number, kind: number): number {
    let place = hash(name, nameLength, kind) & (this.#places.length - 1);
    for (;;) {
      const index = (this.#places[place] as number) - 1;
      if (index < 0) break;
      if (this.#kinds[index] === kind && this.#isAt(index, name, nameLength)) {
        this.isNew = false;
        return index;
      }
      place = (place + 1) & (this.#places.length - 1);
    }
    this.isNew = true;
    this.#places[place] = this.length + 1;
    return this.#append(name, nameLength, kind);
  }

  isNew = false;

  numberOf(index: number): number {
    return this.#numbers[index] as number;
  }

  setNumber(index: number, number: number): void {
    this.#numbers[index] = number;
  }

  layer(holds: NameLayer['holds'], mapNumber: (number: number) => number): NameLayer {
    const end = this.#offsets[this.length] as number;
    return {
      holds,
      bytes: toSharedBytes(this.#bytes.subarray(0, end)),
      offsets: toShared(this.#offsets.subarray(0, this.length + 1)),
      kinds: toSharedBytes(this.#kinds.subarray(0, this.length)),
      answers: toShared(this.#numbers.subarray(0, this.length).map(mapNumber)),
    };
  }

  #isAt(index: number, name: Uint8Array, nameLength: number): boolean {
    const from = this.#offsets[index] as number;
    if ((this.#offsets[index + 1] as number) - from !== nameLength) return false;
    for (let k = 0; k < nameLength; k++) if (this.#bytes[from + k] !== name[k]) return false;
    return true;
  }

  #append(name: Uint8Array, nameLength: number, kind: number): number {
    const index = this.length++;
    const from = this.#offsets[index] as number;
    if (from + nameLength > this.#bytes.length) {
      this.#bytes = grown(this.#bytes, from + nameLength);
    }
    for (let k = 0; k < nameLength; k++) this.#bytes[from + k] = name[k] as number;
    this.#offsets = withRoom(this.#offsets, index + 2);
    this.#offsets[index + 1] = from + nameLength;
    if (index >= this.#kinds.length) this.#kinds = grown(this.#kinds, index + 1);
    this.#kinds[index] = kind;
    this.#numbers = withRoom(this.#numbers, index + 1);
    if (this.length * 2 > this.#places.length) this.#rehash();
    return index;
  }

  #rehash(): void {
    this.#places = new Uint32Array(this.#places.length * 2);
    for (let index = 0; index < this.length; index++) {
      const from = this.#offsets[index] as number;
      const name = this.#bytes.subarray(from, this.#offsets[index + 1]);
      let place = hash(name, name.length, this.#kinds[index] as number);
      do {
        place &= this.#places.length - 1;
      } while (this.#places[place] !== 0 && ++place > 0);
      this.#places[place] = index + 1;
    }
  }
}

function grown(bytes: Uint8Array, needed: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(needed, bytes.length * 2, 256));
  larger.set(bytes);
  return larger;
}

/** FNV-1a, then mixed once more, since its low bits alone are used. */
function hash(name: Uint8Array, length: number, kind: number): number {
  let value = 0x811c_9dc5 ^ kind;
  for (let k = 0; k < length; k++) value = Math.imul(value ^ (name[k] as number), 0x0100_0193);
  value = Math.imul(value ^ (value >>> 15), 0x2c1b_3c6d);
  return (value ^ (value >>> 13)) >>> 0;
}
