import { setOfFamily } from '../../ip/address-set.js';
import { FAMILIES, type Family } from '../../ip/family.js';
import type { CountryTable } from '../../sources/country-table.js';
import type { AddressLayer } from '../zone/zone-source.js';
import { flatten, piecesOf } from './layers.js';

/** Who has which addresses: layers whose answers are indices of `codes`. */
export interface CountryLayers {
  /** Two capital letters each. */
  readonly codes: readonly string[];
  readonly of: (family: Family) => AddressLayer;
}

const kept = new WeakMap<CountryTable, CountryLayers>();

/** The countries of a table, made once for it: a manual list changes far more often. */
export function countryLayers(table: CountryTable): CountryLayers {
  const known = kept.get(table);
  if (known) return known;
  const holdings = [...table.values()];
  const numbers = [...holdings.keys()];
  const [v4, v6] = FAMILIES.map((family) => {
    const sets = holdings.map(({ addresses }) => setOfFamily(addresses, family));
    return flatten(piecesOf(family, sets, numbers));
  }) as [AddressLayer, AddressLayer];
  const made: CountryLayers = {
    codes: holdings.map(({ cc }) => cc),
    of: (family) => (family === 4 ? v4 : v6),
  };
  kept.set(table, made);
  return made;
}
