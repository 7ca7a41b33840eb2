import { wordsOf } from '../../ip/family.js';
import { compareWords, copyWords, decrement, increment } from '../../ip/words.js';
import type { AddressLayer } from '../zone/zone-source.js';
import { GrowingWords } from './columns.js';

/**
 * Lays two layers of one family over each other: where both list an address, `both` gives the
 * answer of the pair. Neighbouring ranges are never joined, since `prefix` in a text depends on
 * where a range ends.
 */
export function overlay(
  a: AddressLayer,
  b: AddressLayer,
  both: (answerOfA: number, answerOfB: number) => number,
): AddressLayer {
  if (a.answers.length === 0) return b;
  if (b.answers.length === 0) return a;
  const n = wordsOf(a.family);
  const out = new LayerBuilder(a.family === 4 ? 1 : 4, a.answers.length + b.answers.length);
  const left = new Cursor(a, n);
  const right = new Cursor(b, n);
  const end = new Uint32Array(n);
  while (!left.isDone && !right.isDone) {
    const order = compareWords(left.first, 0, right.first, 0, n);
    if (order === 0) {
      const shorter = compareWords(left.last, 0, right.last, 0, n) <= 0 ? left : right;
      copyWords(shorter.last, 0, end, 0, n);
      out.add(left.first, end, both(left.answer, right.answer));
      left.passTo(end);
      right.passTo(end);
      continue;
    }
    const [earlier, later] = order < 0 ? [left, right] : [right, left];
    if (compareWords(earlier.last, 0, later.first, 0, n) < 0) {
      copyWords(earlier.last, 0, end, 0, n);
    } else {
      copyWords(later.first, 0, end, 0, n);
      decrement(end, 0, n);
    }
    out.add(earlier.first, end, earlier.answer);
    earlier.passTo(end);
  }
  for (const rest of [left, right]) {
    while (!rest.isDone) {
      copyWords(rest.last, 0, end, 0, n);
      out.add(rest.first, end, rest.answer);
      rest.passTo(end);
    }
  }
  return { family: a.family, ...out.build() };
}

/** What is left of a layer, from its lowest address on. */
class Cursor {
  readonly first: Uint32Array;
  readonly last: Uint32Array;
  answer = 0;
  isDone = false;
  readonly #layer: AddressLayer;
  readonly #n: number;
  #k = -1;

  constructor(layer: AddressLayer, n: number) {
    this.#layer = layer;
    this.#n = n;
    this.first = new Uint32Array(n);
    this.last = new Uint32Array(n);
    this.#next();
  }

  /** Leaves out what lies up to and including `end`, an address within the present range. */
  passTo(end: Uint32Array): void {
    if (compareWords(end, 0, this.last, 0, this.#n) === 0) {
      this.#next();
      return;
    }
    copyWords(end, 0, this.first, 0, this.#n);
    increment(this.first, 0, this.#n);
  }

  #next(): void {
    this.#k++;
    if (this.#k === this.#layer.answers.length) {
      this.isDone = true;
      return;
    }
    copyWords(this.#layer.firsts, this.#k * this.#n, this.first, 0, this.#n);
    copyWords(this.#layer.lasts, this.#k * this.#n, this.last, 0, this.#n);
    this.answer = this.#layer.answers[this.#k] as number;
  }
}

class LayerBuilder {
  readonly #firsts: GrowingWords;
  readonly #lasts: GrowingWords;
  readonly #answers: GrowingWords;
  readonly #n: 1 | 4;

  constructor(n: 1 | 4, capacity: number) {
    this.#n = n;
    this.#firsts = new GrowingWords(capacity * n);
    this.#lasts = new GrowingWords(capacity * n);
    this.#answers = new GrowingWords(capacity);
  }

  add(first: Uint32Array, last: Uint32Array, answer: number): void {
    for (let k = 0; k < this.#n; k++) {
      this.#firsts.push(first[k] as number);
      this.#lasts.push(last[k] as number);
    }
    this.#answers.push(answer);
  }

  build(): Omit<AddressLayer, 'family'> {
    return {
      firsts: this.#firsts.toShared(),
      lasts: this.#lasts.toShared(),
      answers: this.#answers.toShared(),
    };
  }
}
