import type { AddressSet } from '../../ip/address-set.js';
import { parseRange } from '../../ip/notation.js';
import { RangeSetBuilder } from '../../ip/range-set-builder.js';

/** A text that is no prefix, with what was expected. */
export interface ClientFault {
  readonly index: number;
  readonly expected: string;
}

/** The addresses of prefixes as the configuration has them, or the first fault; undefined is passed over. */
export function readClients(texts: readonly (string | undefined)[]): AddressSet | ClientFault {
  const builders = { 4: new RangeSetBuilder(4), 6: new RangeSetBuilder(6) };
  for (const [index, text] of texts.entries()) {
    if (text === undefined) continue;
    const range = parseRange(text);
    if ('expected' in range) return { index, expected: range.expected };
    builders[range.family].add(range.first, 0, range.last, 0);
  }
  return { v4: builders[4].build(), v6: builders[6].build() };
}
