import type { Address } from './address.js';
import { type Family, bitsOf, wordsOf } from './family.js';
import {
  compareWords,
  copyWords,
  countFromTo,
  increment,
  isSuccessor,
  setLowBits,
  sizeExponent,
  trailingZeros,
  wordAt,
} from './words.js';

/**
 * A sorted, disjoint, merged set of inclusive ranges of one family: range `i` runs from
 * `firsts[i·words…]` to `lasts[i·words…]`, and two ranges never touch. Never changed once
 * made.
 */
export class RangeSet {
  readonly family: Family;
  readonly words: 1 | 4;
  /** Number of ranges. */
  readonly length: number;
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;

  /** Takes columns that are sorted, disjoint and merged already; see `range-set-builder.ts`. */
  constructor(family: Family, firsts: Uint32Array, lasts: Uint32Array) {
    this.family = family;
    this.words = wordsOf(family);
    this.length = firsts.length / this.words;
    this.firsts = firsts;
    this.lasts = lasts;
  }

  static empty(family: Family): RangeSet {
    return new RangeSet(family, new Uint32Array(0), new Uint32Array(0));
  }

  /** The set of every address of the family. */
  static all(family: Family): RangeSet {
    const words = wordsOf(family);
    return new RangeSet(family, new Uint32Array(words), new Uint32Array(words).fill(0xffffffff));
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Index of the range that holds the address, or −1. */
  indexOf(words: Uint32Array, at = 0): number {
    let low = 0;
    let high = this.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const offset = middle * this.words;
      if (compareWords(words, at, this.firsts, offset, this.words) < 0) high = middle - 1;
      else if (compareWords(words, at, this.lasts, offset, this.words) > 0) low = middle + 1;
      else return middle;
    }
    return -1;
  }

  /** Whether the address, of whatever family, is in the set. */
  has(address: Address): boolean {
    return address.family === this.family && this.indexOf(address.words) >= 0;
  }

  equals(other: RangeSet): boolean {
    if (other.family !== this.family || other.length !== this.length) return false;
    return (
      compareWords(this.firsts, 0, other.firsts, 0, this.firsts.length) === 0 &&
      compareWords(this.lasts, 0, other.lasts, 0, this.lasts.length) === 0
    );
  }

  /** Number of addresses: exact for IPv4, as near as a double can be for IPv6. */
  countAddresses(): number {
    let total = 0;
    for (let at = 0; at < this.firsts.length; at += this.words) {
      total += countFromTo(this.firsts, at, this.lasts, at, this.words);
    }
    return total;
  }

  /** Number of prefixes in the fewest-prefixes form. */
  countPrefixes(): number {
    let total = 0;
    this.forEachPrefix(() => {
      total++;
    });
    return total;
  }

  /**
   * Calls `visit` with each prefix of the smallest list of prefixes that covers exactly this
   * set, in ascending order. `words` is reused between calls: copy what you keep.
   */
  forEachPrefix(visit: (words: Uint32Array, length: number) => void): void {
    if (this.words === 1) return this.#forEachPrefix4(visit);
    const { words: n } = this;
    const bits = bitsOf(this.family);
    const at = new Uint32Array(n);
    const end = new Uint32Array(n);
    for (let i = 0; i < this.firsts.length; i += n) {
      copyWords(this.firsts, i, at, 0, n);
      for (;;) {
        const exponent = Math.min(trailingZeros(at, 0, n), sizeExponent(at, 0, this.lasts, i, n));
        visit(at, bits - exponent);
        copyWords(at, 0, end, 0, n);
        setLowBits(end, 0, n, exponent);
        if (compareWords(end, 0, this.lasts, i, n) === 0) break;
        copyWords(end, 0, at, 0, n);
        increment(at, 0, n);
      }
    }
  }

  /** The same for IPv4, where an address is a number: several times as fast. */
  #forEachPrefix4(visit: (words: Uint32Array, length: number) => void): void {
    const words = new Uint32Array(1);
    for (let i = 0; i < this.firsts.length; i++) {
      const last = wordAt(this.lasts, i);
      let first = wordAt(this.firsts, i);
      while (first <= last) {
        const alignment = first === 0 ? 32 : 31 - Math.clz32(first & -first);
        const size = last - first + 1;
        const exponent = size === 2 ** 32 ? 32 : Math.min(alignment, 31 - Math.clz32(size));
        words[0] = first;
        visit(words, 32 - exponent);
        first += 2 ** exponent;
      }
    }
  }

  /** Throws where the promise of the class (sorted, disjoint, merged) is broken; for tests. */
  assertWellFormed(): void {
    const { words: n, firsts, lasts } = this;
    for (let i = 0; i < firsts.length; i += n) {
      if (compareWords(firsts, i, lasts, i, n) > 0) throw new Error(`range ${i / n} is reversed`);
      if (i === 0) continue;
      if (compareWords(lasts, i - n, firsts, i, n) >= 0) {
        throw new Error(`ranges ${i / n - 1} and ${i / n} overlap or are out of order`);
      }
      if (isSuccessor(lasts, i - n, firsts, i, n)) {
        throw new Error(`ranges ${i / n - 1} and ${i / n} touch`);
      }
    }
  }
}
