import type { AddressMap } from '../index/address-map.js';

/** Ranges in columns. */
export type Ranges = Pick<AddressMap, 'firsts' | 'lasts'>;

/** Length of the largest IPv4 prefix that holds the address and lies within the range. */
export function prefixLength4(map: Ranges, range: number, address: number): number {
  const first = map.firsts[range] as number;
  const last = map.lasts[range] as number;
  let size = 1;
  let length = 32;
  for (; length > 0; length--) {
    const larger = size * 2;
    const start = address - (address % larger);
    if (start < first || start + larger - 1 > last) break;
    size = larger;
  }
  return length;
}

const start = new Uint32Array(4);
const end = new Uint32Array(4);

/** The same for IPv6; `network` gets the prefix's first address. */
export function prefixLength6(
  map: Ranges,
  range: number,
  address: Uint32Array,
  network: Uint32Array,
): number {
  let length = 128;
  network.set(address);
  for (; length > 0; length--) {
    start.set(network);
    end.set(address);
    const word = (length - 1) >>> 5;
    const bit = 31 - ((length - 1) & 31);
    start[word] = ((start[word] as number) & ~(1 << bit)) >>> 0;
    for (let k = word; k < 4; k++) {
      const low = k === word ? (bit === 31 ? 0xffff_ffff : 2 ** (bit + 1) - 1) : 0xffff_ffff;
      end[k] = ((end[k] as number) | low) >>> 0;
    }
    if (isBelow(start, 0, map.firsts, range * 4) || isBelow(map.lasts, range * 4, end, 0)) break;
    network.set(start);
  }
  return length;
}

function isBelow(a: Uint32Array, i: number, b: Uint32Array, j: number): boolean {
  for (let k = 0; k < 4; k++) {
    const x = a[i + k] as number;
    const y = b[j + k] as number;
    if (x !== y) return x < y;
  }
  return false;
}
