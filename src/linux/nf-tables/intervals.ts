import * as nft from './constants.js';
import type { ElementColumns, ElementDetails } from './elements.js';
import { type RangeColumns, compare } from './ranges.js';

/** The ranges of a set as the kernel holds them. */
export interface SetElements extends RangeColumns {
  readonly words: 1 | 4;
  /** Number of ranges. */
  readonly length: number;
  /** What else the kernel keeps, of those ranges that have any of it, by index. */
  readonly details: ReadonlyMap<number, ElementDetails>;
  /** The set has an element for every other address, too (`*`). */
  readonly catchAll: boolean;
}

/** Every element of a set without intervals is one address. */
export function addressesOf(columns: ElementColumns): SetElements {
  const order = ascending(columns);
  const firsts = pick(columns, order, columns.count);
  return { ...describe(columns, order), firsts, lasts: firsts };
}

/**
 * Joins the elements of an interval set to ranges. An end that closes nothing is passed over:
 * nft puts one at the bottom of the space, and one is left when the first address of a range
 * has expired and the kernel has not yet cleared up. A range without an end reaches to the next
 * one that begins, or to the top: so the kernel matches, which lets a second range be put into one
 * that reaches to the top (seen with Linux 6.18).
 */
export function rangesOf(columns: ElementColumns): SetElements {
  const { keys, flags, words, count } = columns;
  const order = ascending(columns);
  const starts = new Uint32Array(count);
  const lasts = new Uint32Array(count * words);
  let length = 0;
  let open = false;
  for (const index of order) {
    if (open) subtractOne(keys, index * words, lasts, (length - 1) * words, words);
    open = !isEnd(flags, index);
    if (open) starts[length++] = index;
  }
  if (open) lasts.fill(0xffffffff, (length - 1) * words, length * words);
  const chosen = starts.subarray(0, length);
  return {
    ...describe(columns, chosen),
    firsts: pick(columns, chosen, length),
    lasts: lasts.slice(0, length * words),
  };
}

function isEnd(flags: Uint8Array, index: number): boolean {
  return ((flags[index] as number) & nft.NFT_SET_ELEM_INTERVAL_END) !== 0;
}

/** Indexes of the elements, lowest address first; where a range ends and one begins, the end. */
function ascending({ keys, flags, words, count }: ElementColumns): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  const before = (a: number, b: number): number =>
    compare(keys, a * words, keys, b * words, words) ||
    Number(isEnd(flags, b)) - Number(isEnd(flags, a));
  // the kernel's usual order is the reverse, which spares the sorting
  order.reverse();
  for (let i = 1; i < count; i++) {
    if (before(order[i - 1] as number, order[i] as number) > 0) return order.sort(before);
  }
  return order;
}

function pick({ keys, words }: ElementColumns, order: Uint32Array, length: number): Uint32Array {
  const picked = new Uint32Array(length * words);
  for (let i = 0; i < length; i++) {
    const from = (order[i] as number) * words;
    for (let k = 0; k < words; k++) picked[i * words + k] = keys[from + k] as number;
  }
  return picked;
}

function describe(
  { words, details, catchAll }: ElementColumns,
  order: Uint32Array,
): Omit<SetElements, 'firsts' | 'lasts'> {
  const ordered = new Map<number, ElementDetails>();
  if (details.size > 0) {
    order.forEach((index, i) => {
      const found = details.get(index);
      if (found !== undefined) ordered.set(i, found);
    });
  }
  return { words, length: order.length, details: ordered, catchAll };
}

/** Puts the address before `from[i…]` into `to[j…]`; `from` is above 0. */
function subtractOne(from: Uint32Array, i: number, to: Uint32Array, j: number, words: 1 | 4): void {
  let borrow = 1;
  for (let k = words - 1; k >= 0; k--) {
    const word = from[i + k] as number;
    to[j + k] = word - borrow;
    borrow = word < borrow ? 1 : 0;
  }
}
