import { formatWords } from '../ip/address.js';
import { type Family, bitsOf } from '../ip/family.js';
import type { RangeSet } from '../ip/range-set.js';
import { wordAt } from '../ip/words.js';

/** A test of one chain: addresses in `prefix` are in the set, or `next` decides over them. */
export interface ChainRule {
  /** `address/length`. */
  readonly prefix: string;
  /** Index of the chain that says the last word over the prefix; absent: all of it is in the set. */
  readonly next?: number;
}

/** Prefixes, ascending and disjoint. */
export type PrefixSource = Pick<RangeSet, 'family' | 'words' | 'countPrefixes' | 'forEachPrefix'>;

/** A chain of this many prefixes or fewer tests them one by one. */
export const LEAF_RULES = 32;

/**
 * Divides a set among chains of rules so that few of them are tested for any one address:
 * at most `maxRulesTested`, whatever the set looks like. Chain 0 is the way in.
 *
 * A chain that has too many prefixes finds a block (the addresses under some leading bits)
 * that holds between one and two thirds of them, hands it to a chain of its own, and goes on
 * with the rest: a binary search by weight, which no pattern of addresses can lead into a
 * long path. IPv4 is divided by first octet first, so that a reader finds an address: no
 * block cuts through an octet while a chain still has prefixes of others.
 *
 * @param maxDepth most chains that an address may pass one below the other, for kernels that
 *   allow but few: then chains are longer, and each divides its prefixes evenly among many
 */
export function chainsOf(
  set: PrefixSource,
  maxDepth = Infinity,
): readonly (readonly ChainRule[])[] {
  const prefixes = prefixesOf(set);
  const isFlat = maxDepth !== Infinity;
  const wholeBits = set.family === 4 && !isFlat ? 8 : 0;
  const width = isFlat
    ? Math.max(LEAF_RULES, Math.ceil(prefixes.count ** (1 / maxDepth)))
    : LEAF_RULES;
  const chains: ChainRule[][] = [];

  /**
   * Makes the chain for prefixes (by number, ascending) and those below it; returns its index.
   */
  function makeChain(members: Uint32Array): number {
    const rules: ChainRule[] = [];
    const index = chains.push(rules) - 1;
    let rest = members;
    while (rest.length > width) {
      const most = isFlat ? evenShare(rest.length, width) : (rest.length * 2) / 3;
      const { from, to, length } = heavyBlock(prefixes, rest, most, wholeBits);
      const prefix = blockText(prefixes, wordAt(rest, from), length);
      rules.push({ prefix, next: makeChain(rest.subarray(from, to)) });
      rest = without(rest, from, to);
    }
    for (const i of rest) rules.push({ prefix: blockText(prefixes, i, prefixes.lengthAt(i)) });
    return index;
  }

  makeChain(Uint32Array.from({ length: prefixes.count }, (_, i) => i));
  return chains;
}

/** The largest power of the width that is below so many prefixes. */
function evenShare(count: number, width: number): number {
  let share = 1;
  while (share * width < count) share *= width;
  return share;
}

/**
 * The most rules that an address can meet on its way through `chainsOf` a set of this many
 * prefixes: each rule that leads to a chain leaves at most two thirds of them on either
 * side, except the one that singles out a first octet.
 */
export function maxRulesTested(prefixCount: number): number {
  const levels = Math.ceil(Math.log(Math.max(1, prefixCount / LEAF_RULES)) / Math.log(1.5));
  return levels + 1 + LEAF_RULES;
}

/** Prefixes in columns, ascending and disjoint. */
interface Prefixes {
  readonly family: Family;
  readonly count: number;
  lengthAt(i: number): number;
  /** The address of prefix `i` starts at `words[i · (1 or 4)]`. */
  readonly words: Uint32Array;
}

function prefixesOf(set: PrefixSource): Prefixes {
  const count = set.countPrefixes();
  const words = new Uint32Array(count * set.words);
  const lengths = new Uint8Array(count);
  let i = 0;
  set.forEachPrefix((address, length) => {
    words.set(address, i * set.words);
    lengths[i++] = length;
  });
  return { family: set.family, count, words, lengthAt: (k) => lengths[k] as number };
}

interface Block {
  /** Where the members inside the block begin and end (exclusive) among all members. */
  readonly from: number;
  readonly to: number;
  /** Leading bits that the block fixes. */
  readonly length: number;
}

/** The block under which at most so many of the members lie, always taking the heavier half. */
function heavyBlock(
  prefixes: Prefixes,
  members: Uint32Array,
  most: number,
  wholeBits: number,
): Block {
  let from = 0;
  let to = members.length;
  let length = 0;
  while (to - from > most) {
    const isWhole = length === wholeBits && length > 0;
    if (isWhole && to - from < members.length) break;
    const middle = firstWithBit(prefixes, members, from, to, length);
    if (middle - from >= to - middle) to = middle;
    else from = middle;
    length++;
  }
  return { from, to, length };
}

/** The first of members[from…to), which agree in all bits before `bit`, that has `bit` set. */
function firstWithBit(
  { family, words }: Prefixes,
  members: Uint32Array,
  from: number,
  to: number,
  bit: number,
): number {
  const step = bitsOf(family) / 32;
  const mask = 2 ** (31 - (bit % 32));
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const word = wordAt(words, wordAt(members, middle) * step + (bit >>> 5));
    if ((word & mask) === 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `address/length` of the block of this length in which prefix `i` lies. */
function blockText({ family, words }: Prefixes, i: number, length: number): string {
  const step = bitsOf(family) / 32;
  const address = words.slice(i * step, (i + 1) * step);
  for (let k = 0; k < step; k++) {
    const bitsHere = Math.min(32, Math.max(0, length - 32 * k));
    const hostMask = bitsHere === 32 ? 0 : 2 ** (32 - bitsHere) - 1;
    address[k] = (wordAt(address, k) & ~hostMask) >>> 0;
  }
  return `${formatWords(family, address)}/${length}`;
}

function without(members: Uint32Array, from: number, to: number): Uint32Array {
  const rest = new Uint32Array(members.length - (to - from));
  rest.set(members.subarray(0, from));
  rest.set(members.subarray(to), from);
  return rest;
}
