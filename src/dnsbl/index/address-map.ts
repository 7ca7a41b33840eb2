import type { AddressLayer } from '../zone/zone-source.js';
import { sharedWords, toShared } from './columns.js';

/**
 * Disjoint ranges of one family, each with the number of its answer, in shared memory. Look-up is
 * a binary search; for IPv4 within one of many pages of equal first bits where there are many
 * ranges.
 */
export interface AddressMap {
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
  /** Number of the answer less `base`. */
  readonly answers: Uint32Array;
  readonly base: number;
  /** IPv4: `pages[h]` is the first range that ends at or above `h << pageShift`; empty for small maps. */
  readonly pages: Uint32Array;
  readonly pageShift: number;
}

/** From this number of ranges on, a table of pages is worth its memory. */
const PAGED_FROM = 128;
/** There are 2 to this power pages for a range, or twice as many. */
const PAGES_A_RANGE = 1;
/** 65,536 pages (256 KiB) at most. */
const LEAST_PAGE_SHIFT = 16;

/** @param base number of the answer that the layer calls 0 */
export function addressMapOf(layer: AddressLayer, base: number): AddressMap {
  const { family, firsts, lasts, answers } = layer;
  const isPaged = family === 4 && answers.length >= PAGED_FROM;
  // a table of more pages would be out of the processor's caches more often than it saves a step
  const pageShift = Math.max(LEAST_PAGE_SHIFT, Math.clz32(answers.length) - PAGES_A_RANGE);
  return {
    firsts: toShared(firsts),
    lasts: toShared(lasts),
    answers: toShared(answers),
    base,
    pages: isPaged ? pagesOf(lasts, pageShift) : sharedWords(0),
    pageShift,
  };
}

function pagesOf(lasts: Uint32Array, shift: number): Uint32Array {
  const count = 2 ** (32 - shift);
  const pages = sharedWords(count + 1);
  let page = 0;
  for (let k = 0; k < lasts.length; k++) {
    const end = at(lasts, k) >>> shift;
    for (; page <= end; page++) pages[page] = k;
  }
  pages.fill(lasts.length, page);
  return pages;
}

/** Index of the first IPv4 range that ends at or above the address; the number of ranges where none does. */
export function reach4(map: AddressMap, address: number): number {
  const { lasts, pages } = map;
  // known to be a word: compared as such
  const word = address >>> 0;
  let low = 0;
  let high = lasts.length;
  if (pages.length > 0) {
    const page = word >>> map.pageShift;
    low = at(pages, page);
    // the first range of the next page may be the one that this page's last addresses are in
    high = at(pages, page + 1);
  }
  // what a comparison says is nothing that a processor could foresee, so there is no branch on it
  let size = high - low;
  for (; size > 1;) {
    const half = size >>> 1;
    low += -Number(at(lasts, low + half - 1) < word) & half;
    size -= half;
  }
  return size === 1 && at(lasts, low) < word ? low + 1 : low;
}

/** Index of the range that holds the IPv4 address, or −1. */
export function find4(map: AddressMap, address: number): number {
  const k = reach4(map, address);
  return k < map.firsts.length && at(map.firsts, k) <= address ? k : -1;
}

/** Whether any range meets the addresses from first to last. */
export function meets4(map: AddressMap, first: number, last: number): boolean {
  const k = reach4(map, first);
  return k < map.firsts.length && at(map.firsts, k) <= last;
}

/** The same as `reach4` for the IPv6 address whose four words are `words[0…3]`. */
export function reach6(map: AddressMap, words: Uint32Array): number {
  const { lasts } = map;
  const count = map.answers.length;
  // by the first words alone, as above: they decide nearly always, since few ranges end in one /32
  const word = at(words, 0);
  let low = 0;
  let size = count;
  for (; size > 1;) {
    const half = size >>> 1;
    low += -Number(at(lasts, 4 * (low + half - 1)) < word) & half;
    size -= half;
  }
  if (size === 1 && at(lasts, 4 * low) < word) low++;
  let high = count;
  while (low < high && at(lasts, 4 * low) === word) {
    if (compare4(lasts, 4 * low, words) >= 0) break;
    low++;
    const middle = (low + high) >>> 1;
    if (middle < high && compare4(lasts, 4 * middle, words) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function find6(map: AddressMap, words: Uint32Array): number {
  const k = reach6(map, words);
  return k < map.answers.length && compare4(map.firsts, k * 4, words) <= 0 ? k : -1;
}

export function meets6(map: AddressMap, first: Uint32Array, last: Uint32Array): boolean {
  const k = reach6(map, first);
  return k < map.answers.length && compare4(map.firsts, k * 4, last) <= 0;
}

function compare4(column: Uint32Array, i: number, words: Uint32Array): number {
  for (let k = 0; k < 4; k++) {
    const x = at(column, i + k);
    const y = at(words, k);
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

function at(array: Uint32Array, index: number): number {
  return array[index] as number;
}
