import type { Config, ListDefinition } from '../config/schema.js';
import { expandCountry } from './countries.js';

/** Codes of the countries that any list is made from; groups count as all their countries. */
export function countriesInUse(definitions: Readonly<Record<string, ListDefinition>>): Set<string> {
  const words = Object.values(definitions).flatMap(({ countries = [] }) => countries);
  return new Set(
    words.flatMap((word) => {
      const expanded = expandCountry(word);
      return 'codes' in expanded ? expanded.codes : [];
    }),
  );
}

/** Whether any list is made of countries; lists are made all together. */
export function listsNeedCountries({ lists }: Pick<Config, 'lists'>): boolean {
  return Object.values(lists).some(({ countries }) => countries !== undefined);
}

/** Whether anything that is applied or served depends on countries. */
export function needsCountries(config: Pick<Config, 'lists' | 'dnsbl'>): boolean {
  const zones = config.dnsbl?.zones ?? [];
  return (
    listsNeedCountries(config) || zones.some(({ kind }) => kind === 'country' || kind === 'origin')
  );
}
