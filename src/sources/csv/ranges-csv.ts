import { parseAddress } from '../../ip/address.js';
import { compareWords } from '../../ip/words.js';
import type { CountryCollector } from './country-collector.js';
import { readRows } from './read-rows.js';

/** Unassigned space in databases that cover every address. */
const UNKNOWN_COUNTRY = 'ZZ';

/**
 * Reads a CSV of `first,last,cc` without a header, as DB-IP Lite is published
 * (https://db-ip.com/db/download/ip-to-country-lite).
 */
export async function readRangesCsv(path: string, collector: CountryCollector): Promise<void> {
  await readRows(path, ([firstText = '', lastText = '', cc = '', ...more]) => {
    const first = parseAddress(firstText);
    const last = parseAddress(lastText);
    if ('expected' in first || 'expected' in last || first.family !== last.family) {
      return { expected: 'first,last,cc with two addresses of one family' };
    }
    if (!/^[A-Z]{2}$/.test(cc) || more.length > 0) {
      return { expected: 'first,last,cc with a country code of two capital letters' };
    }
    if (compareWords(first.words, 0, last.words, 0, first.words.length) > 0) {
      return { expected: 'the first address not above the last' };
    }
    if (cc !== UNKNOWN_COUNTRY) {
      collector.add(cc, { family: first.family, first: first.words, last: last.words });
    }
    return undefined;
  });
}
