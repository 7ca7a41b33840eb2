/** A column that grows by doubling. */
export function withRoom(column: Uint32Array, needed: number): Uint32Array {
  if (needed <= column.length) return column;
  const larger = new Uint32Array(Math.max(needed, column.length * 2, 64));
  larger.set(column);
  return larger;
}

/** One word of the sort key: `column[i · stride + offset]` for entry `i`. */
export interface KeyWord {
  readonly column: Uint32Array;
  readonly stride: number;
  readonly offset: number;
}

const DIGIT_BITS = 11;
const DIGITS = 2 ** DIGIT_BITS;

/**
 * The entries in ascending order of their keys, equal ones in the order in which they came: a
 * radix sort, so that a million entries take milliseconds and no comparison is called.
 *
 * @param keys most significant word first
 * @returns undefined where they stand in order already
 */
export function sortedOrder(keys: readonly KeyWord[], count: number): Uint32Array | undefined {
  if (isSorted(keys, count)) return undefined;
  let order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  let next = new Uint32Array(count);
  for (const key of [...keys].reverse()) {
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      if (sortByDigit(key, shift, order, next)) [order, next] = [next, order];
    }
  }
  return order;
}

function isSorted(keys: readonly KeyWord[], count: number): boolean {
  for (let i = 1; i < count; i++) {
    for (const { column, stride, offset } of keys) {
      const at = i * stride + offset;
      const difference = (column[at] as number) - (column[at - stride] as number);
      if (difference < 0) return false;
      if (difference > 0) break;
    }
  }
  return true;
}

/** One stable pass; false where all entries have the same digit and nothing was moved. */
function sortByDigit(
  { column, stride, offset }: KeyWord,
  shift: number,
  from: Uint32Array,
  to: Uint32Array,
): boolean {
  const places = new Uint32Array(DIGITS);
  const count = from.length;
  for (let k = 0; k < count; k++) {
    const word = column[(from[k] as number) * stride + offset] as number;
    (places[(word >>> shift) & (DIGITS - 1)] as number)++;
  }
  let place = 0;
  for (let digit = 0; digit < DIGITS; digit++) {
    const size = places[digit] as number;
    if (size === count) return false;
    places[digit] = place;
    place += size;
  }
  for (let k = 0; k < count; k++) {
    const entry = from[k] as number;
    const digit = ((column[entry * stride + offset] as number) >>> shift) & (DIGITS - 1);
    const at = places[digit] as number;
    places[digit] = at + 1;
    to[at] = entry;
  }
  return true;
}

/** Sorts words in their place: the same radix sort without an order. */
export function sortWords(words: Uint32Array): void {
  const shifts = [0, DIGIT_BITS, 2 * DIGIT_BITS];
  const places = placesOf(words);
  let from = words;
  let to: Uint32Array = new Uint32Array(words.length);
  for (const [k, shift] of shifts.entries()) {
    moveByDigit(from, to, shift, places[k] as Uint32Array);
    [from, to] = [to, from];
  }
  if (from !== words) words.set(from);
}

/** For each of a word's digits: where the words with each of its values begin, sorted by it. */
function placesOf(words: Uint32Array): readonly Uint32Array[] {
  const low = new Uint32Array(DIGITS);
  const middle = new Uint32Array(DIGITS);
  const high = new Uint32Array(DIGITS);
  for (let k = 0; k < words.length; k++) {
    const word = words[k] as number;
    (low[word & (DIGITS - 1)] as number)++;
    (middle[(word >>> DIGIT_BITS) & (DIGITS - 1)] as number)++;
    (high[word >>> (2 * DIGIT_BITS)] as number)++;
  }
  for (const places of [low, middle, high]) {
    let place = 0;
    for (let digit = 0; digit < DIGITS; digit++) {
      const size = places[digit] as number;
      places[digit] = place;
      place += size;
    }
  }
  return [low, middle, high];
}

function moveByDigit(from: Uint32Array, to: Uint32Array, shift: number, places: Uint32Array): void {
  for (let k = 0; k < from.length; k++) {
    const word = from[k] as number;
    const digit = (word >>> shift) & (DIGITS - 1);
    const at = places[digit] as number;
    places[digit] = at + 1;
    to[at] = word;
  }
}
