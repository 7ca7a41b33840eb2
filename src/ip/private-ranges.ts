import { type AddressSet, addressSetOf } from './address-set.js';
import { type AddressRange, parseRange } from './notation.js';

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

export const PRIVATE_RANGES: AddressSet = addressSetOf(PRIVATE_TEXTS.map(rangeOf));

/** @throws Error for a text that is no range: the table above is wrong */
function rangeOf(text: string): AddressRange {
  const range = parseRange(text);
  if ('expected' in range) throw new Error(`${text}: expected ${range.expected}`);
  return range;
}
