import type { AddressSet } from '../ip/address-set.js';
import { parseRange } from '../ip/notation.js';
import { RangeSetBuilder } from '../ip/range-set-builder.js';

/**
 * Addresses that are nobody's in the registries' files and a host's own neighbours
 * (RFC 1918, 3927, 6598, 4193, 4291): no `only` rule denies them unless it is asked to.
 */
const PRIVATE_TEXTS = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1',
  'fc00::/7',
  'fe80::/10',
];

export const PRIVATE_RANGES: AddressSet = addressSetOf(PRIVATE_TEXTS);

/**
 * A set from texts that are right.
 *
 * @throws Error for a text that is not
 */
function addressSetOf(texts: readonly string[]): AddressSet {
  const v4 = new RangeSetBuilder(4);
  const v6 = new RangeSetBuilder(6);
  for (const text of texts) {
    const range = parseRange(text);
    if ('expected' in range) throw new Error(`${text}: expected ${range.expected}`);
    (range.family === 4 ? v4 : v6).add(range.first, 0, range.last, 0);
  }
  return { v4: v4.build(), v6: v6.build() };
}
