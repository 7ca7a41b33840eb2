import { type Family, wordsOf } from '../../ip/family.js';
import type { RangeSet } from '../../ip/range-set.js';
import { compareWords, copyWords, decrement, increment, wordAt } from '../../ip/words.js';
import { GrowingWords, sharedWords } from '../index/columns.js';
import type { AddressLayer } from '../zone/zone-source.js';

/** Ranges in any order, each with its answer. */
export interface Pieces {
  readonly family: Family;
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
  readonly answers: Uint32Array;
}

/** The ranges of one set, all with one answer. */
export function layerOf(set: RangeSet, answer: number): AddressLayer {
  const { family, firsts, lasts, length } = set;
  return { family, firsts, lasts, answers: sharedWords(length).fill(answer) };
}

/** The ranges of sets, those of set `k` with the answer `answers[k]`. */
export function piecesOf(
  family: Family,
  sets: readonly RangeSet[],
  answers: readonly number[],
): Pieces {
  const n = wordsOf(family);
  const length = sets.reduce((total, set) => total + set.length, 0);
  const firsts = new Uint32Array(length * n);
  const lasts = new Uint32Array(length * n);
  const column = new Uint32Array(length);
  let at = 0;
  for (const [k, set] of sets.entries()) {
    firsts.set(set.firsts, at * n);
    lasts.set(set.lasts, at * n);
    column.fill(answers[k] as number, at, at + set.length);
    at += set.length;
  }
  return { family, firsts, lasts, answers: column };
}

/**
 * Makes pieces disjoint. Where several hold an address, the one that ends first answers, of those
 * the one that starts last, of equal ones the last given: so a single address within a blocked
 * network keeps its own reason.
 */
export function flatten(pieces: Pieces): AddressLayer {
  const n = wordsOf(pieces.family);
  const { firsts, lasts, answers } = pieces;
  const order = Uint32Array.from(answers.keys()).sort(
    (a, b) =>
      compareWords(firsts, a * n, firsts, b * n, n) ||
      compareWords(lasts, b * n, lasts, a * n, n) ||
      a - b,
  );
  const out = new LayerWriter(pieces.family);
  // the ranges that hold the present address, those that end first on top
  const open: number[] = [];
  const at = new Uint32Array(n);
  const before = new Uint32Array(n);
  let isPastEnd = false;
  /** Writes what is open from `at` up to `limit`, or to its end. */
  const writeUpTo = (limit: Uint32Array | undefined): void => {
    while (open.length > 0 && !isPastEnd) {
      const top = open.at(-1) as number;
      const ended = compareWords(lasts, top * n, at, 0, n) < 0;
      if (ended) {
        open.pop();
        continue;
      }
      if (limit && compareWords(lasts, top * n, limit, 0, n) >= 0) {
        if (compareWords(at, 0, limit, 0, n) <= 0) {
          out.add(at, 0, limit, 0, answers[top] as number);
        }
        return;
      }
      out.add(at, 0, lasts, top * n, answers[top] as number);
      open.pop();
      copyWords(lasts, top * n, at, 0, n);
      isPastEnd = !increment(at, 0, n);
    }
  };
  for (const k of order) {
    copyWords(firsts, k * n, before, 0, n);
    const startsAtZero = !decrement(before, 0, n);
    if (!startsAtZero) writeUpTo(before);
    copyWords(firsts, k * n, at, 0, n);
    insert(open, k, pieces, n);
  }
  writeUpTo(undefined);
  return out.build();
}

/** Keeps the range that answers on top; ranges are few that hold one address. */
function insert(open: number[], k: number, { firsts, lasts }: Pieces, n: 1 | 4): void {
  let place = open.length;
  while (place > 0 && goesBefore(open[place - 1] as number)) place--;
  open.splice(place, 0, k);

  function goesBefore(other: number): boolean {
    const byEnd = compareWords(lasts, other * n, lasts, k * n, n);
    if (byEnd !== 0) return byEnd < 0;
    return compareWords(firsts, other * n, firsts, k * n, n) > 0;
  }
}

/** The part of a layer that lies in the set. */
export function clip(layer: AddressLayer, set: RangeSet): AddressLayer {
  const n = wordsOf(layer.family);
  const out = new LayerWriter(layer.family);
  let i = 0;
  let j = 0;
  while (i < layer.firsts.length && j < set.firsts.length) {
    const startsLater = compareWords(layer.firsts, i, set.firsts, j, n) >= 0;
    const endsFirst = compareWords(layer.lasts, i, set.lasts, j, n) <= 0;
    const [firsts, first] = startsLater ? [layer.firsts, i] : [set.firsts, j];
    const [lasts, last] = endsFirst ? [layer.lasts, i] : [set.lasts, j];
    if (compareWords(firsts, first, lasts, last, n) <= 0) {
      out.add(firsts, first, lasts, last, wordAt(layer.answers, i / n));
    }
    if (endsFirst) i += n;
    else j += n;
  }
  return out.build();
}

/**
 * Divides a layer where another one does, in one walk over both. Addresses that only the other one
 * has are left out.
 *
 * @param answerOf what a part answers, of its own answer and, where the other layer has it, of that
 */
export function divide(
  layer: AddressLayer,
  other: AddressLayer,
  answerOf: (own: number, other?: number) => number,
): AddressLayer {
  const n = wordsOf(layer.family);
  const out = new LayerWriter(layer.family);
  const at = new Uint32Array(n);
  const before = new Uint32Array(n);
  let j = 0;
  for (let i = 0; i < layer.firsts.length; i += n) {
    const own = wordAt(layer.answers, i / n);
    copyWords(layer.firsts, i, at, 0, n);
    while (j < other.firsts.length && compareWords(other.lasts, j, at, 0, n) < 0) j += n;
    for (;;) {
      const isAlone =
        j >= other.firsts.length || compareWords(other.firsts, j, layer.lasts, i, n) > 0;
      if (isAlone) {
        out.add(at, 0, layer.lasts, i, answerOf(own));
        break;
      }
      if (compareWords(other.firsts, j, at, 0, n) > 0) {
        copyWords(other.firsts, j, before, 0, n);
        decrement(before, 0, n);
        out.add(at, 0, before, 0, answerOf(own));
        copyWords(other.firsts, j, at, 0, n);
      }
      const answer = answerOf(own, wordAt(other.answers, j / n));
      if (compareWords(other.lasts, j, layer.lasts, i, n) >= 0) {
        out.add(at, 0, layer.lasts, i, answer);
        break;
      }
      out.add(at, 0, other.lasts, j, answer);
      copyWords(other.lasts, j, at, 0, n);
      increment(at, 0, n);
      j += n;
    }
  }
  return out.build();
}

class LayerWriter {
  readonly #family: Family;
  readonly #n: number;
  readonly #firsts = new GrowingWords();
  readonly #lasts = new GrowingWords();
  readonly #answers = new GrowingWords();

  constructor(family: Family) {
    this.#family = family;
    this.#n = wordsOf(family);
  }

  add(firsts: Uint32Array, i: number, lasts: Uint32Array, j: number, answer: number): void {
    for (let k = 0; k < this.#n; k++) {
      this.#firsts.push(wordAt(firsts, i + k));
      this.#lasts.push(wordAt(lasts, j + k));
    }
    this.#answers.push(answer);
  }

  build(): AddressLayer {
    return {
      family: this.#family,
      firsts: this.#firsts.toShared(),
      lasts: this.#lasts.toShared(),
      answers: this.#answers.toShared(),
    };
  }
}
