import { type AddressSet, addressSetOf } from './address-set.js';
import { type AddressRange, parseRange } from './notation.js';

/** A text that is no prefix, with what was expected. */
export interface PrefixFault {
  readonly index: number;
  readonly expected: string;
}

/** The addresses of prefixes as the configuration has them, or the first fault; undefined is passed over. */
export function readPrefixes(texts: readonly (string | undefined)[]): AddressSet | PrefixFault {
  const ranges: AddressRange[] = [];
  for (const [index, text] of texts.entries()) {
    if (text === undefined) continue;
    const range = parseRange(text);
    if ('expected' in range) return { index, expected: range.expected };
    ranges.push(range);
  }
  return addressSetOf(ranges);
}
