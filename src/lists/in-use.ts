import type { Config, ListDefinition, ZoneConfig } from '../config/schema.js';
import { expandCountry } from './countries.js';
import { neighboursOf } from './definitions.js';

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

/** Whether a list depends on countries, however indirectly; definitions are free of circles. */
function holdsCountries(
  name: string,
  definitions: Readonly<Record<string, ListDefinition>>,
): boolean {
  const definition = definitions[name];
  if (definition === undefined) return false;
  if (definition.countries !== undefined) return true;
  return neighboursOf(definition).some((other) => holdsCountries(other, definitions));
}

/** Whether what a zone lists, or leaves out, depends on countries. */
export function zoneNeedsCountries(
  { kind, lists, allow }: Pick<ZoneConfig, 'kind' | 'lists' | 'allow'>,
  definitions: Readonly<Record<string, ListDefinition>>,
): boolean {
  if (kind !== 'list') return kind !== 'rbldnsd';
  return [...Object.keys(lists), ...allow].some((name) => holdsCountries(name, definitions));
}

/** Whether any zone does: the others never become stale with the registry data. */
export function zonesNeedCountries({ dnsbl, lists }: Pick<Config, 'lists' | 'dnsbl'>): boolean {
  return (dnsbl?.zones ?? []).some((zone) => zoneNeedsCountries(zone, lists));
}

/** Whether anything that is applied or served depends on countries. */
export function needsCountries(config: Pick<Config, 'lists' | 'dnsbl'>): boolean {
  const zones = config.dnsbl?.zones ?? [];
  return (
    listsNeedCountries(config) || zones.some(({ kind }) => kind === 'country' || kind === 'origin')
  );
}
