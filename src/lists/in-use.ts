import type { ListDefinition } from '../config/schema.js';
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
