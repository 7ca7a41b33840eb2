import type { RangeSet } from './range-set.js';
import { wordAt } from './words.js';

/*
 * Formats that know no prefix length write addresses in steps: octets of 8 bits, nibbles of
 * 4, groups of 16. A prefix whose length is no multiple of the step becomes several blocks
 * of the next multiple (a /23 two of /24, a /25 128 of /32): together they cover exactly the
 * set, never more, and no fewer blocks would.
 */

/** Bits of one written part. */
export type Step = 4 | 8 | 16;

/**
 * Calls `visit` for each run of blocks, ascending: blocks that differ in their last part only,
 * `from` to `to`, under the parts in `head` (most significant first). 203.0.112.0/23 in steps
 * of 8 is the head [203, 0] and 112 to 113. The whole space is a run under an empty head,
 * since no format here can write a block without parts.
 */
export function forEachRun(
  set: RangeSet,
  step: Step,
  visit: (head: readonly number[], from: number, to: number) => void,
): void {
  let head: readonly number[] = [];
  let from = 0;
  let to = -1;
  set.forEachPrefix((words, prefixLength) => {
    const length = Math.max(step, Math.ceil(prefixLength / step) * step);
    const parts = partsOf(words, length, step);
    const first = parts.pop() as number;
    const last = first + 2 ** (length - prefixLength) - 1;
    if (to >= 0 && first === to + 1 && sameParts(parts, head)) {
      to = last;
      return;
    }
    if (to >= 0) visit(head, from, to);
    head = parts;
    from = first;
    to = last;
  });
  if (to >= 0) visit(head, from, to);
}

/** Calls `visit` with the parts of each block, ascending, most significant part first. */
export function forEachBlock(
  set: RangeSet,
  step: Step,
  visit: (parts: readonly number[]) => void,
): void {
  forEachRun(set, step, (head, from, to) => {
    for (let part = from; part <= to; part++) visit([...head, part]);
  });
}

/**
 * Calls `visit` with the blocks of a set as a DNSBL zone can name them (RFC 5782): octets for
 * IPv4, nibbles for IPv6, exact when all 4 or 32 parts are there, else a wildcard.
 *
 * Both families share the names below the zone, and a wildcard knows no family: `*.0.2` for
 * 2.0.0.0/16 would also list all of 2000::/8, whose names end in `0.2` too, and an IPv6 name
 * below `0.2` would end what the wildcard lists of IPv4. So a block whose parts the other
 * family could have written as well is divided until they tell the families apart: IPv4
 * until a part has two digits or all four are there, IPv6 until there are four nibbles.
 */
export function forEachZoneBlock(set: RangeSet, visit: (parts: readonly number[]) => void): void {
  const step = set.family === 4 ? 8 : 4;
  const divide = (parts: readonly number[]): void => {
    if (parts.length >= 4 || (set.family === 4 && parts.some((part) => part > 9))) {
      visit(parts);
      return;
    }
    for (let part = 0; part < 2 ** step; part++) divide([...parts, part]);
  };
  forEachBlock(set, step, divide);
}

function partsOf(words: Uint32Array, length: number, step: Step): number[] {
  const parts: number[] = [];
  for (let bit = 0; bit < length; bit += step) {
    const shift = 32 - step - (bit & 31);
    parts.push((wordAt(words, bit >>> 5) >>> shift) & (2 ** step - 1));
  }
  return parts;
}

function sameParts(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((part, k) => part === b[k]);
}
