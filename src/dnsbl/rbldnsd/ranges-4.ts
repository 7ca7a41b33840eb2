import { type AddressLayer, EXCLUDED } from '../zone/zone-source.js';
import type { ValueSets } from './answers.js';
import { sharedWords, toShared } from '../index/columns.js';
import { sortWords, sortedOrder, withRoom } from './columns.js';

const HIGHEST = 0xffff_ffff;

/** Sorted, disjoint IPv4 ranges and a number for each; two that touch with one number are one. */
class Ranges4 {
  firsts: Uint32Array;
  lasts: Uint32Array;
  numbers: Uint32Array;
  length = 0;

  constructor(capacity: number) {
    this.firsts = sharedWords(capacity);
    this.lasts = sharedWords(capacity);
    this.numbers = sharedWords(capacity);
  }

  /** Behind all that is there. */
  append(first: number, last: number, number: number): void {
    const end = this.length - 1;
    if (end >= 0 && this.numbers[end] === number && (this.lasts[end] as number) + 1 === first) {
      this.lasts[end] = last;
      return;
    }
    if (this.length === this.firsts.length) {
      this.firsts = withRoom(this.firsts, this.length + 1);
      this.lasts = withRoom(this.lasts, this.length + 1);
      this.numbers = withRoom(this.numbers, this.length + 1);
    }
    this.firsts[this.length] = first;
    this.lasts[this.length] = last;
    this.numbers[this.length] = number;
    this.length++;
  }
}

/**
 * Ranges in the order of a file, each with a value. As long as all are single addresses with
 * one value there is no more than a column of addresses.
 */
export class Entries4 {
  length = 0;
  #firsts: Uint32Array = new Uint32Array(0);
  #lasts: Uint32Array | undefined;
  #values: Uint32Array | undefined;
  #value = 0;

  add(first: number, last: number, value: number): void {
    const at = this.length;
    if (at === this.#firsts.length) this.#makeRoom(at + 1);
    if (at === 0) this.#value = value;
    if (first !== last) this.#lasts ??= this.#firsts.slice();
    if (value !== this.#value) {
      this.#values ??= new Uint32Array(this.#firsts.length).fill(this.#value);
    }
    this.#firsts[at] = first;
    if (this.#lasts !== undefined) this.#lasts[at] = last;
    if (this.#values !== undefined) this.#values[at] = value;
    this.length = at + 1;
  }

  /** Single addresses, all with this value. */
  addSingles(addresses: Uint32Array, value: number): void {
    if (this.length === 0) this.#value = value;
    if (this.#lasts !== undefined || value !== this.#value) {
      for (const address of addresses) this.add(address, address, value);
      return;
    }
    this.#makeRoom(this.length + addresses.length);
    this.#firsts.set(addresses, this.length);
    this.#values?.fill(value, this.length, this.length + addresses.length);
    this.length += addresses.length;
  }

  /** Sorted and disjoint; where ranges overlap, the set of their values. Uses the entries up. */
  flatten(sets: ValueSets): Ranges4 {
    if (this.#lasts === undefined && this.#values === undefined) return this.#flattenSingles();
    const ranges = new Ranges4(this.length);
    this.#flattenRanges(ranges, sets);
    return ranges;
  }

  #flattenSingles(): Ranges4 {
    const firsts = this.#firsts.subarray(0, this.length);
    for (let i = 1; i < firsts.length; i++) {
      if ((firsts[i] as number) < (firsts[i - 1] as number)) {
        sortWords(firsts);
        break;
      }
    }
    // columns of the right size at once, and no copy of them
    const ranges = new Ranges4(countRuns(firsts));
    joinRuns(firsts, ranges.firsts, ranges.lasts);
    // new columns have 0: what is not written takes no memory
    if (this.#value !== 0) ranges.numbers.fill(this.#value);
    ranges.length = ranges.firsts.length;
    this.#firsts = new Uint32Array(0);
    this.length = 0;
    return ranges;
  }

  #flattenRanges(ranges: Ranges4, sets: ValueSets): void {
    const firsts = this.#firsts;
    const lasts = this.#lasts ?? firsts;
    const order = sortedOrder([{ column: firsts, stride: 1, offset: 0 }], this.length);
    const values = this.#values;
    const entry = (k: number): number => (order === undefined ? k : (order[k] as number));
    const valueOf = (i: number): number =>
      (values === undefined ? this.#value : values[i]) as number;
    for (let k = 0; k < this.length;) {
      // entries from k on that overlap, one way or another
      const start = entry(k);
      const first = firsts[start] as number;
      let last = lasts[start] as number;
      let end = k + 1;
      let isUniform = true;
      for (; end < this.length && (firsts[entry(end)] as number) <= last; end++) {
        last = Math.max(last, lasts[entry(end)] as number);
        if (valueOf(entry(end)) !== valueOf(start)) isUniform = false;
      }
      if (isUniform) {
        ranges.append(first, last, valueOf(start));
      } else {
        const cluster: Entry[] = [];
        for (; k < end; k++) {
          const i = entry(k);
          cluster.push({ first: firsts[i] as number, last: lasts[i] as number, value: valueOf(i) });
        }
        flattenCluster(cluster, ranges, sets);
      }
      k = end;
    }
  }

  #makeRoom(needed: number): void {
    this.#firsts = withRoom(this.#firsts, needed);
    if (this.#lasts !== undefined) this.#lasts = withRoom(this.#lasts, needed);
    if (this.#values !== undefined) this.#values = withRoom(this.#values, needed);
  }
}

/** Runs of addresses that follow one another, in a sorted column. */
function countRuns(sorted: Uint32Array): number {
  let count = sorted.length > 0 ? 1 : 0;
  for (let i = 1; i < sorted.length; i++) {
    if ((sorted[i] as number) > (sorted[i - 1] as number) + 1) count++;
  }
  return count;
}

/** The first and last address of each run; the columns are as long as there are runs. */
function joinRuns(sorted: Uint32Array, firsts: Uint32Array, lasts: Uint32Array): void {
  if (firsts.length === sorted.length) {
    firsts.set(sorted);
    lasts.set(sorted);
    return;
  }
  for (let i = 0, run = 0; run < firsts.length; run++) {
    let last = sorted[i] as number;
    firsts[run] = last;
    for (i++; i < sorted.length && (sorted[i] as number) <= last + 1; i++) {
      last = sorted[i] as number;
    }
    lasts[run] = last;
  }
}

interface Entry {
  readonly first: number;
  readonly last: number;
  readonly value: number;
}

/** Overlapping entries, sorted by their first address: a sweep over all their ends. */
function flattenCluster(byFirst: readonly Entry[], ranges: Ranges4, sets: ValueSets): void {
  const byLast = [...byFirst].sort((a, b) => a.last - b.last);
  const open = new Map<number, number>(); // value → entries that hold it here
  let begun = 0;
  let ended = 0;
  let from = (byFirst[0] as Entry).first;
  while (ended < byLast.length) {
    const begin = byFirst[begun]?.first ?? Infinity;
    const end = (byLast[ended] as Entry).last + 1;
    const at = Math.min(begin, end);
    if (at > from && open.size > 0) ranges.append(from, at - 1, sets.of(open.keys()));
    from = at;
    for (; byFirst[begun]?.first === at; begun++) {
      const { value } = byFirst[begun] as Entry;
      open.set(value, (open.get(value) ?? 0) + 1);
    }
    for (; ended < byLast.length && (byLast[ended] as Entry).last + 1 === at; ended++) {
      const { value } = byLast[ended] as Entry;
      const left = (open.get(value) as number) - 1;
      if (left === 0) open.delete(value);
      else open.set(value, left);
    }
  }
}

/** `above`, and `below` where `above` has nothing. */
export function overlay(above: Ranges4, below: Ranges4): Ranges4 {
  if (below.length === 0) return above;
  if (above.length === 0) return below;
  const out = new Ranges4(above.length + below.length);
  let i = 0;
  let j = 0;
  let from = below.firsts[0] as number; // what is left of the range below begins here
  while (i < above.length || j < below.length) {
    const upper = i < above.length ? (above.firsts[i] as number) : HIGHEST + 1;
    if (j < below.length && from < upper) {
      const last = below.lasts[j] as number;
      out.append(from, Math.min(last, upper - 1), below.numbers[j] as number);
      if (last < upper) from = below.firsts[++j] ?? 0;
      else from = upper;
      continue;
    }
    const last = above.lasts[i] as number;
    out.append(upper, last, above.numbers[i] as number);
    i++;
    while (j < below.length && (below.lasts[j] as number) <= last) {
      j++;
      from = below.firsts[j] ?? 0;
    }
    if (j < below.length && from <= last) from = last + 1;
  }
  return out;
}

/** The layer of these ranges, those of EXCLUDED left out; columns in shared memory. Uses them up. */
export function layerOf4(ranges: Ranges4, answerOf: (number: number) => number): AddressLayer {
  const { length } = ranges;
  const [only] = ranges.numbers;
  if (only !== undefined && only !== EXCLUDED && isFilledWith(only, ranges.numbers, length)) {
    // nothing is left out, and neighbours with one number are one range already
    const answer = answerOf(only);
    if (answer !== only) ranges.numbers.fill(answer, 0, length);
    return layerFrom(ranges);
  }
  // what is kept moves up within the columns: there is never more of it than has been read
  ranges.length = 0;
  let number = EXCLUDED;
  let answer = 0;
  for (let k = 0; k < length; k++) {
    const next = ranges.numbers[k] as number;
    if (next === EXCLUDED) continue;
    if (next !== number) {
      number = next;
      answer = answerOf(number);
    }
    ranges.append(ranges.firsts[k] as number, ranges.lasts[k] as number, answer);
  }
  return layerFrom(ranges);
}

function isFilledWith(number: number, column: Uint32Array, length: number): boolean {
  for (let k = 0; k < length; k++) if (column[k] !== number) return false;
  return true;
}

function layerFrom(ranges: Ranges4): AddressLayer {
  return {
    family: 4,
    firsts: toShared(ranges.firsts.subarray(0, ranges.length)),
    lasts: toShared(ranges.lasts.subarray(0, ranges.length)),
    answers: toShared(ranges.numbers.subarray(0, ranges.length)),
  };
}
