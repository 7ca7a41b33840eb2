import { type Address, formatAddress } from '../ip/address.js';
import { FAMILIES, type Family } from '../ip/family.js';
import { compareWords } from '../ip/words.js';
import { type CountryData, type Delegation, delegationOf } from './country-data.js';
import { isDelegated } from './statistics/records.js';
import { lineAt } from './statistics/scan.js';

/**
 * `findRecord` for many addresses: one pass over the records instead of one for each address.
 *
 * @returns by the address as `formatAddress` writes it; an address without record is absent
 */
export function findRecords(
  data: CountryData,
  addresses: readonly Address[],
): ReadonlyMap<string, Delegation> {
  const found = new Map<string, Delegation>();
  for (const family of FAMILIES) {
    const sought = addresses
      .filter((address) => address.family === family)
      .sort((a, b) => compareWords(a.words, 0, b.words, 0, a.words.length));
    if (sought.length > 0) findInFamily(data, family, sought, found);
  }
  return found;
}

function findInFamily(
  data: CountryData,
  family: Family,
  sought: readonly Address[],
  found: Map<string, Delegation>,
): void {
  const settled = new Set<number>();
  for (const { bytes, file } of data.statistics) {
    const { firsts, lasts, offsets, statuses, words, length } =
      family === 4 ? file.ipv4 : file.ipv6;
    for (let k = 0; k < length; k++) {
      let i = firstNotBelow(sought, firsts, k * words, words);
      for (; i < sought.length; i++) {
        const address = sought[i] as Address;
        if (compareWords(lasts, k * words, address.words, 0, words) < 0) break;
        if (settled.has(i)) continue;
        const text = formatAddress(address);
        const delegated = isDelegated(statuses[k] as number);
        if (delegated || !found.has(text)) {
          found.set(text, delegationOf(lineAt(bytes, offsets[k] as number)));
        }
        if (delegated) settled.add(i);
      }
    }
  }
}

/** Index of the first of the sorted addresses that is not below `words[at…]`. */
function firstNotBelow(
  sought: readonly Address[],
  firsts: Uint32Array,
  at: number,
  words: number,
): number {
  let low = 0;
  let high = sought.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { words: those } = sought[middle] as Address;
    if (compareWords(those, 0, firsts, at, words) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
