import type { Family } from '../../ip/family.js';
import { wordsOf } from '../../ip/family.js';
import {
  compareWords,
  copyWords,
  decrement,
  increment,
  isSuccessor,
  setLowBits,
} from '../../ip/words.js';
import { type AddressLayer, EXCLUDED } from '../zone/zone-source.js';
import { toShared } from '../index/columns.js';
import { sortedOrder, withRoom } from './columns.js';

/** A prefix that was given before; the first one counts. */
export interface RepeatedPrefix {
  readonly file: string;
  readonly line: number;
}

/**
 * Prefixes in the order of a file, each with a number: the longest one that holds an address
 * decides, and of the same prefix the first. EXCLUDED stands for none.
 */
export class Prefixes {
  readonly family: Family;
  length = 0;
  readonly #words: 1 | 4;
  #firsts: Uint32Array = new Uint32Array(0);
  #lengths: Uint32Array = new Uint32Array(0);
  #numbers: Uint32Array = new Uint32Array(0);
  #lines: Uint32Array = new Uint32Array(0);
  /** For each file the index of its first prefix. */
  readonly #files: { readonly name: string; readonly start: number }[] = [];

  constructor(family: Family) {
    this.family = family;
    this.#words = wordsOf(family);
  }

  startFile(name: string): void {
    this.#files.push({ name, start: this.length });
  }

  /** `words` without host bits. */
  add(words: Uint32Array, length: number, number: number, line: number): void {
    const at = this.length;
    this.#firsts = withRoom(this.#firsts, (at + 1) * this.#words);
    this.#lengths = withRoom(this.#lengths, at + 1);
    this.#numbers = withRoom(this.#numbers, at + 1);
    this.#lines = withRoom(this.#lines, at + 1);
    copyWords(words, 0, this.#firsts, at * this.#words, this.#words);
    this.#lengths[at] = length;
    this.#numbers[at] = number;
    this.#lines[at] = line;
    this.length = at + 1;
  }

  /** Sorted, disjoint ranges with the numbers that decide there; those of EXCLUDED left out. */
  flatten(
    mapNumber: (number: number) => number,
    repeated: (prefix: RepeatedPrefix) => void,
  ): AddressLayer {
    const words = this.#words;
    const order = this.#sort();
    const sweep = new Sweep(this.family, this.length, mapNumber);
    let before = -1;
    for (let k = 0; k < this.length; k++) {
      const i = order === undefined ? k : (order[k] as number);
      if (
        before >= 0 &&
        this.#lengths[i] === this.#lengths[before] &&
        compareWords(this.#firsts, i * words, this.#firsts, before * words, words) === 0
      ) {
        repeated(this.#place(i));
        continue;
      }
      before = i;
      const bits = words * 32 - (this.#lengths[i] as number);
      sweep.enter(this.#firsts, i * words, bits, this.#numbers[i] as number);
    }
    return sweep.finish();
  }

  #sort(): Uint32Array | undefined {
    const column = this.#firsts;
    const keys = [];
    for (let offset = 0; offset < this.#words; offset++) {
      keys.push({ column, stride: this.#words, offset });
    }
    keys.push({ column: this.#lengths, stride: 1, offset: 0 });
    return sortedOrder(keys, this.length);
  }

  #place(entry: number): RepeatedPrefix {
    const file = this.#files.findLast(({ start }) => start <= entry);
    return { file: file?.name ?? '', line: this.#lines[entry] as number };
  }
}

/** Goes through nested prefixes from the lowest address up, with a stack of those that are open. */
class Sweep {
  readonly #family: Family;
  readonly #words: 1 | 4;
  readonly #mapNumber: (number: number) => number;
  #firsts: Uint32Array;
  #lasts: Uint32Array;
  #numbers: Uint32Array;
  #length = 0;
  /** What follows the last address that has been written. */
  readonly #from: Uint32Array;
  readonly #scratch: Uint32Array;
  readonly #openLasts: Uint32Array;
  readonly #openNumbers: number[] = [];

  constructor(family: Family, capacity: number, mapNumber: (number: number) => number) {
    this.#family = family;
    this.#words = wordsOf(family);
    this.#mapNumber = mapNumber;
    this.#firsts = new Uint32Array(capacity * this.#words);
    this.#lasts = new Uint32Array(capacity * this.#words);
    this.#numbers = new Uint32Array(capacity);
    this.#from = new Uint32Array(this.#words);
    this.#scratch = new Uint32Array(this.#words);
    this.#openLasts = new Uint32Array(this.#words * (this.#words * 32 + 1));
  }

  /** A prefix from `firsts[at…]` on, of so many host bits; its parents were entered before. */
  enter(firsts: Uint32Array, at: number, hostBits: number, number: number): void {
    const words = this.#words;
    while (this.#openNumbers.length > 0) {
      const top = (this.#openNumbers.length - 1) * words;
      if (compareWords(this.#openLasts, top, firsts, at, words) >= 0) break;
      this.#leave();
    }
    if (this.#openNumbers.length > 0 && compareWords(this.#from, 0, firsts, at, words) < 0) {
      copyWords(firsts, at, this.#scratch, 0, words);
      decrement(this.#scratch, 0, words);
      this.#append(this.#scratch, 0, this.#openNumbers.at(-1) as number);
    }
    copyWords(firsts, at, this.#from, 0, words);
    const place = this.#openNumbers.length * words;
    copyWords(firsts, at, this.#openLasts, place, words);
    setLowBits(this.#openLasts, place, words, hostBits);
    this.#openNumbers.push(number);
  }

  finish(): AddressLayer {
    while (this.#openNumbers.length > 0) this.#leave();
    const end = this.#length * this.#words;
    return {
      family: this.#family,
      firsts: toShared(this.#firsts.subarray(0, end)),
      lasts: toShared(this.#lasts.subarray(0, end)),
      answers: toShared(this.#numbers.subarray(0, this.#length)),
    };
  }

  /** Writes what is left of the innermost prefix. */
  #leave(): void {
    const words = this.#words;
    const top = (this.#openNumbers.length - 1) * words;
    const number = this.#openNumbers.pop() as number;
    if (this.#isPast || compareWords(this.#from, 0, this.#openLasts, top, words) > 0) return;
    this.#append(this.#openLasts, top, number);
    copyWords(this.#openLasts, top, this.#from, 0, words);
    this.#isPast = !increment(this.#from, 0, words);
  }

  /** Whether the highest address has been written. */
  #isPast = false;

  /** The range from `#from` to `lasts[at…]`. */
  #append(lasts: Uint32Array, at: number, raw: number): void {
    if (raw === EXCLUDED) return;
    const words = this.#words;
    const number = this.#mapNumber(raw);
    const end = (this.#length - 1) * words;
    if (
      this.#length > 0 &&
      this.#numbers[this.#length - 1] === number &&
      isSuccessor(this.#lasts, end, this.#from, 0, words)
    ) {
      copyWords(lasts, at, this.#lasts, end, words);
      return;
    }
    const next = this.#length * words;
    this.#firsts = withRoom(this.#firsts, next + words);
    this.#lasts = withRoom(this.#lasts, next + words);
    this.#numbers = withRoom(this.#numbers, this.#length + 1);
    copyWords(this.#from, 0, this.#firsts, next, words);
    copyWords(lasts, at, this.#lasts, next, words);
    this.#numbers[this.#length] = number;
    this.#length++;
  }
}
