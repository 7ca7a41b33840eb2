import { type AddressSet, addressSetOf } from '../../src/ip/address-set.js';
import { parseRange } from '../../src/ip/notation.js';

/** An address set from texts as a person writes them; throws on anything refused. */
export function addressSet(...texts: string[]): AddressSet {
  return addressSetOf(
    texts.map((text) => {
      const range = parseRange(text);
      if ('expected' in range) throw new Error(`${text}: expected ${range.expected}`);
      return range;
    }),
  );
}
