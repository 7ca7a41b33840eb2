import type { AddressSet } from '../../ip/address-set.js';
import { complement } from '../../ip/algebra.js';
import { parseIPv6 } from '../../ip/address.js';
import { rangeSetFromColumns } from '../../ip/range-set-builder.js';
import type { AddressLayer } from '../zone/zone-source.js';

const LOOPBACK_FIRST = 0x7f00_0000;
const LOOPBACK_LAST = 0x7fff_ffff;

/** 127.0.0.2: listed in every zone that lists IPv4 addresses (RFC 5782 5). */
export const TEST_ADDRESS = 0x7f00_0002;

/** 127.0.0.1 must not be listed, nor be a test address. */
export const NEVER_LISTED = 0x7f00_0001;

/**
 * What lists may list: all but 127.0.0.0/8, where test entries have their place and 127.0.0.1
 * must not be listed, and but IPv4-mapped addresses, which are looked up as IPv4 ones.
 */
export const LISTABLE: AddressSet = {
  v4: complement(
    rangeSetFromColumns(4, Uint32Array.of(LOOPBACK_FIRST), Uint32Array.of(LOOPBACK_LAST)),
  ),
  v6: complement(
    rangeSetFromColumns(
      6,
      parseIPv6('::ffff:0:0') as Uint32Array,
      parseIPv6('::ffff:ffff:ffff') as Uint32Array,
    ),
  ),
};

export function isLoopbackCode(code: number): boolean {
  return code >= LOOPBACK_FIRST && code <= LOOPBACK_LAST;
}

/** Single IPv4 addresses, sorted, each with its answer. */
export function testLayer(entries: ReadonlyMap<number, number>): AddressLayer {
  const sorted = [...entries].sort(([a], [b]) => a - b);
  const addresses = Uint32Array.from(sorted, ([address]) => address);
  return {
    family: 4,
    firsts: addresses,
    lasts: Uint32Array.from(addresses),
    answers: Uint32Array.from(sorted, ([, answer]) => answer),
  };
}
