import { hostname, networkInterfaces } from 'node:os';

import { type AddressSet, addressSetOf, differenceOf, unionOf } from '../../ip/address-set.js';
import { parseRange } from '../../ip/notation.js';
import { PRIVATE_RANGES } from '../../ip/private-ranges.js';

const LOOPBACK = addressSetOf(
  ['127.0.0.0/8', '::1'].map(parseRange).flatMap((range) => ('expected' in range ? [] : [range])),
);

/**
 * Addresses that only this host can rightly call its own: loopback, and the public ones of its
 * interfaces. Private ones stand behind many a router, too.
 */
export function ownAddresses(): AddressSet {
  const texts = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address }) => address.replace(/%.*$/, '')),
  );
  const ranges = texts.map(parseRange).flatMap((range) => ('expected' in range ? [] : [range]));
  return unionOf([LOOPBACK, differenceOf(addressSetOf(ranges), PRIVATE_RANGES)]);
}

/** Names of this host as HELO would have them. */
export function ownNames(further: readonly string[]): ReadonlySet<string> {
  return new Set([hostname(), ...further].map((name) => name.toLowerCase().replace(/\.$/, '')));
}
