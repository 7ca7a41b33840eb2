import { type AddressSet, addressSetOf } from '../../ip/address-set.js';
import { type AddressRange, parseRange } from '../../ip/notation.js';

/** A text that is no prefix, with what was expected. */
export interface ClientFault {
  readonly index: number;
  readonly expected: string;
}

/** The addresses of prefixes as the configuration has them, or the first fault; undefined is passed over. */
export function readClients(texts: readonly (string | undefined)[]): AddressSet | ClientFault {
  const ranges: AddressRange[] = [];
  for (const [index, text] of texts.entries()) {
    if (text === undefined) continue;
    const range = parseRange(text);
    if ('expected' in range) return { index, expected: range.expected };
    ranges.push(range);
  }
  return addressSetOf(ranges);
}
