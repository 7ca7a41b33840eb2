import type { AddressSet } from '../../src/ip/address-set.js';
import { parseRange } from '../../src/ip/notation.js';
import { RangeSetBuilder } from '../../src/ip/range-set-builder.js';

/** An address set from texts as a person writes them; throws on anything refused. */
export function addressSet(...texts: string[]): AddressSet {
  const v4 = new RangeSetBuilder(4);
  const v6 = new RangeSetBuilder(6);
  for (const text of texts) {
    const range = parseRange(text);
    if ('expected' in range) throw new Error(`${text}: expected ${range.expected}`);
    (range.family === 4 ? v4 : v6).add(range.first, 0, range.last, 0);
  }
  return { v4: v4.build(), v6: v6.build() };
}
