import type { AddressLayer } from '../zone/zone-source.js';

/**
 * A block of addresses that one name of a DNS zone stands for: an address, or a wildcard above
 * whole octets (IPv4) or nibbles (IPv6).
 */
export interface AddressBlock {
  /** Relative to the zone, as in `*.2.0.192`. */
  readonly name: string;
  readonly first: bigint;
  /** As in AddressLayer. */
  readonly answer: number;
}

/** The fewest blocks that cover the ranges of a layer: disjoint, and none of them within another. */
export function* addressBlocks(layer: AddressLayer): Generator<AddressBlock> {
  const isIPv4 = layer.family === 4;
  const [digits, digitBits, base] = isIPv4 ? [4, 8n, 10] : [32, 4n, 16];
  for (let k = 0; k < layer.answers.length; k++) {
    const answer = layer.answers[k] as number;
    const last = addressAt(layer.lasts, k, isIPv4);
    for (let first = addressAt(layer.firsts, k, isIPv4); first <= last;) {
      let open = 0;
      let size = 1n;
      while (open < digits - 1) {
        const larger = size << digitBits;
        if (first % larger !== 0n || first + larger - 1n > last) break;
        size = larger;
        open++;
      }
      const labels = open > 0 ? ['*'] : [];
      for (let digit = open; digit < digits; digit++) {
        const value = (first >> (BigInt(digit) * digitBits)) & ((1n << digitBits) - 1n);
        labels.push(value.toString(base));
      }
      yield { name: labels.join('.'), first, answer };
      first += size;
    }
  }
}

function addressAt(column: Uint32Array, k: number, isIPv4: boolean): bigint {
  if (isIPv4) return BigInt(column[k] as number);
  let address = 0n;
  for (let word = 0; word < 4; word++) {
    address = (address << 32n) | BigInt(column[4 * k + word] as number);
  }
  return address;
}
