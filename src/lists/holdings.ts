import type { ListDefinition } from '../config/schema.js';
import type { Address } from '../ip/address.js';
import { hasAddress } from '../ip/address-set.js';
import { compareWords } from '../ip/words.js';
import type { CountryTable } from '../sources/country-table.js';
import type { List } from './catalogue.js';
import { expandCountry } from './countries.js';
import { type Entry, isInForce } from './manual.js';

/** Why a list holds an address, or why it does not although what it is made from does. */
export interface Holding {
  readonly list: string;
  /** Whether the list holds the address in the end. */
  readonly holds: boolean;
  /** Of a list made from countries: the one that holds the address. */
  readonly cc?: string;
  /** Of a list made from others: those that hold it. */
  readonly lists?: readonly string[];
  /** Of a list with a file: its path as configured; of a feed: its URL. */
  readonly file?: string;
  readonly url?: string;
  /** Where `holds` is false: lists of `except` that hold the address, and those of `and` that do not. */
  readonly except?: readonly string[];
  readonly missing?: readonly string[];
}

/** A line of a list's file or feed that names an address. */
export interface NamedEntry {
  readonly list: string;
  readonly entry: Entry;
  readonly inForce: boolean;
}

/**
 * What each list has to do with an address; lists that have nothing to do with it are left out.
 * Pure.
 *
 * @param definitions of the configuration, in its order
 * @param lists those that could be made
 * @param table the countries that the lists were made of
 */
export function holdingsOf(
  address: Address,
  definitions: Readonly<Record<string, ListDefinition>>,
  lists: ReadonlyMap<string, List>,
  table: CountryTable,
  nowMs: number,
): Holding[] {
  const inList = (name: string): boolean => {
    const list = lists.get(name);
    return list !== undefined && hasAddress(list.addresses, address);
  };
  return Object.entries(definitions).flatMap(([name, definition]): Holding[] => {
    const list = lists.get(name);
    if (list === undefined) return [];
    const holds = hasAddress(list.addresses, address);
    const except = definition.except.filter(inList);
    const missing = definition.and.filter((other) => !inList(other));
    const source = sourceOf(address, definition, list, inList, table, nowMs);
    if (!holds && (source === undefined || (except.length === 0 && missing.length === 0))) {
      return [];
    }
    return [
      {
        list: name,
        holds,
        ...source,
        ...(!holds && except.length > 0 && { except }),
        ...(!holds && missing.length > 0 && { missing }),
      },
    ];
  });
}

/** Every line that names the address, those that have run out too. Pure. */
export function entriesNaming(
  address: Address,
  lists: ReadonlyMap<string, List>,
  nowMs: number,
): NamedEntry[] {
  return [...lists.values()].flatMap(({ name, entries }) =>
    entries
      .filter((entry) => covers(entry, address))
      .map((entry) => ({ list: name, entry, inForce: isInForce(entry, nowMs) })),
  );
}

/** What holds the address before `and` and `except`; undefined: nothing. */
function sourceOf(
  address: Address,
  { countries = [], file, url, lists: names }: ListDefinition,
  { entries }: List,
  inList: (name: string) => boolean,
  table: CountryTable,
  nowMs: number,
): Pick<Holding, 'cc' | 'lists' | 'file' | 'url'> | undefined {
  if (names !== undefined) {
    const holding = names.filter(inList);
    return holding.length > 0 ? { lists: holding } : undefined;
  }
  if (file !== undefined || url !== undefined) {
    if (!entries.some((entry) => covers(entry, address) && isInForce(entry, nowMs))) {
      return undefined;
    }
    return file === undefined ? { url: url as string } : { file };
  }
  // not the list's own countries, which lack what `and` and `except` take away
  const cc = countries.flatMap(codesOf).find((code) => {
    const holdings = table.get(code);
    return holdings !== undefined && hasAddress(holdings.addresses, address);
  });
  return cc === undefined ? undefined : { cc };
}

function codesOf(word: string): readonly string[] {
  const expanded = expandCountry(word);
  return 'expected' in expanded ? [] : expanded.codes;
}

function covers({ range: { family, first, last } }: Entry, address: Address): boolean {
  if (family !== address.family) return false;
  const { words } = address;
  const { length } = words;
  return (
    compareWords(first, 0, words, 0, length) <= 0 && compareWords(words, 0, last, 0, length) <= 0
  );
}
