import { type Address, formatAddress, parseAddress } from '../ip/address.js';
import { countryName } from '../lists/countries.js';
import { type CountryData, type Delegation, findCountryOf } from '../sources/country-data.js';
import { findRecords } from '../sources/find-records.js';

/** Whose an address is. */
export interface Origin {
  /** Null where no country holds it. */
  readonly cc: string | null;
  /** English name of the country. */
  readonly country: string | null;
  /** The record that gave it away, as the registry wrote it; null where there is none. */
  readonly delegation: Delegation | null;
}

export const NO_ORIGIN: Origin = { cc: null, country: null, delegation: null };

/** By address; texts that are no address are absent. Pure. */
export function originsOf(
  data: CountryData,
  texts: readonly string[],
): ReadonlyMap<string, Origin> {
  const addresses = new Map<string, Address>();
  for (const text of texts) {
    const address = parseAddress(text);
    if (!('expected' in address)) addresses.set(text, address);
  }
  const records = findRecords(data, [...addresses.values()]);
  return new Map(
    [...addresses].map(([text, address]) => {
      const cc = findCountryOf(data.table, address) ?? null;
      const record = records.get(formatAddress(address));
      const delegated = record?.status === 'allocated' || record?.status === 'assigned';
      const country = cc === null ? null : countryName(cc);
      return [text, { cc, country, delegation: delegated ? record : null }];
    }),
  );
}
