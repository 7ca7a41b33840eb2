import type { ListDefinition } from '../config/schema.js';
import {
  type AddressSet,
  EMPTY_ADDRESS_SET,
  differenceOf,
  intersectionOf,
  isEmptySet,
  unionOf,
} from '../ip/address-set.js';
import {
  type TimedAddressSet,
  permanentSet,
  timedDifferenceOf,
  timedIntersectionOf,
  timedUnionOf,
} from '../ip/timed-address-set.js';
import type { CountryTable } from '../sources/country-table.js';
import { KnownError, ParseError, SourceError } from '../util/errors.js';
import { expandCountry } from './countries.js';
import { type Entry, type LineFault, type ManualList, contentsOf } from './manual.js';

/** A named set of addresses, ready for use. */
export interface List {
  readonly name: string;
  readonly addresses: AddressSet;
  /** When each address ends, where any does; addresses that have run out are in it, too. */
  readonly times?: TimedAddressSet;
  /** The list divided by country, where it was made from countries. */
  readonly countries?: readonly { readonly cc: string; readonly addresses: AddressSet }[];
  /** Records or lines that it was made from, of lists that it joins too. */
  readonly records: number;
  /** Lines of the list's own file, expired ones included. */
  readonly entries: readonly Entry[];
  /** Lines that were refused, in the list's own file or in one that it joins. */
  readonly faults: readonly ListFault[];
}

export interface ListFault extends LineFault {
  readonly path: string;
}

/** The lines of a manual list or feed, and the name under which messages speak of it. */
export interface ListLines extends ManualList {
  readonly path: string;
}

export interface CatalogueInput {
  readonly definitions: Readonly<Record<string, ListDefinition>>;
  readonly table: CountryTable;
  /** By name of the list; for each list that is read from a file or URL. */
  readonly lines: ReadonlyMap<string, ListLines>;
  /** Entries that have run out by this time do not count; milliseconds since 1970. */
  readonly nowMs: number;
  /** Told why a list cannot be made, which is absent then; where left out, that is thrown. */
  readonly onFailure?: (name: string, error: KnownError) => void;
}

/** All lists by name, in the order of the configuration. */
export interface Catalogue {
  readonly lists: ReadonlyMap<string, List>;
  /** Remarks, such as a code that is no country or a country without any address. */
  readonly notes: readonly string[];
}

/**
 * Makes every list. The definitions are free of faults (`findDefinitionFaults`).
 *
 * @throws where there is no `onFailure`, ParseError where a list would leave out another one that
 *   has lines which cannot be read: it would become larger than its owner meant, and lock out whom
 *   he let in; SourceError where it would leave out countries of which there is no data
 */
export function buildCatalogue(input: CatalogueInput): Catalogue {
  const builder = new CatalogueBuilder(input);
  for (const name of Object.keys(input.definitions)) {
    try {
      builder.list(name);
    } catch (error) {
      if (!(error instanceof KnownError) || !input.onFailure) throw error;
      input.onFailure(name, error);
    }
  }
  return builder;
}

/**
 * The joined addresses of countries.
 *
 * @param words codes and groups that `expandCountry` knows
 * @param note is told remarks, such as a country without any address
 */
export function listOfCountries(
  name: string,
  words: readonly string[],
  table: CountryTable,
  note: (text: string) => void,
): List {
  const countries: { cc: string; addresses: AddressSet }[] = [];
  let records = 0;
  for (const cc of codesOf(words, (text) => note(`list ${name}: ${text}`))) {
    const holdings = table.get(cc);
    if (holdings === undefined) {
      if (words.some((word) => word.toUpperCase() === cc)) {
        note(`list ${name}: ${cc} has no addresses in the data at hand`);
      }
      continue;
    }
    countries.push({ cc, addresses: holdings.addresses });
    records += holdings.records4 + holdings.records6;
  }
  const addresses = unionOf(countries.map((country) => country.addresses));
  return { name, addresses, countries, records, entries: [], faults: [] };
}

class CatalogueBuilder implements Catalogue {
  readonly lists = new Map<string, List>();
  readonly notes: string[] = [];
  readonly #input: CatalogueInput;

  constructor(input: CatalogueInput) {
    this.#input = input;
  }

  list(name: string): List {
    const known = this.lists.get(name);
    if (known) return known;
    const definition = this.#input.definitions[name];
    if (definition === undefined) throw new Error(`no definition of list ${name}`);
    const list = this.#narrow(this.#base(name, definition), definition);
    this.lists.set(name, list);
    return list;
  }

  #base(name: string, definition: ListDefinition): List {
    if (definition.countries) return this.#fromCountries(name, definition.countries);
    if (definition.lists) return this.#fromLists(name, definition.lists);
    return this.#fromLines(name);
  }

  #fromCountries(name: string, words: readonly string[]): List {
    return listOfCountries(name, words, this.#input.table, (text) => this.notes.push(text));
  }

  #fromLists(name: string, names: readonly string[]): List {
    const lists = names.map((other) => this.list(other));
    const parts = lists.map((list) => list.countries);
    const countries = parts.every((part) => part !== undefined) ? joinCountries(parts) : undefined;
    return {
      name,
      addresses: unionOf(lists.map((list) => list.addresses)),
      ...timesIf(lists, () => timedUnionOf(lists.map(timesIn))),
      ...(countries && { countries }),
      records: lists.reduce((total, list) => total + list.records, 0),
      entries: [],
      faults: lists.flatMap((list) => list.faults),
    };
  }

  #fromLines(name: string): List {
    const source = this.#input.lines.get(name);
    if (source === undefined) throw new Error(`list ${name} was not read`);
    const { entries, faults } = source;
    return {
      name,
      ...contentsOf(entries, this.#input.nowMs),
      records: entries.length,
      entries,
      faults: faults.map((fault) => ({ ...fault, path: source.path })),
    };
  }

  #narrow(list: List, definition: ListDefinition): List {
    if (definition.and.length === 0 && definition.except.length === 0) return list;
    const kept = definition.and.map((name) => this.list(name));
    const left = definition.except.map((name) => this.list(name));
    for (const other of left) {
      if (other.countries && isEmptySet(other.addresses)) {
        throw new SourceError(
          `list ${list.name} leaves out list ${other.name}, which has no addresses in the data at ` +
            'hand, and would become larger than meant; fetch or name the files of all registries',
        );
      }
      const [fault] = other.faults;
      if (fault === undefined) continue;
      throw new ParseError(
        `${faultText(fault)}. List ${list.name} leaves out list ${other.name} and would ` +
          'become larger than meant; mend the line.',
      );
    }
    const narrow = (addresses: AddressSet): AddressSet => {
      const inAll = kept.reduce((set, other) => intersectionOf(set, other.addresses), addresses);
      return differenceOf(inAll, unionOf(left.map((other) => other.addresses)));
    };
    const countries = list.countries?.map(({ cc, addresses }) => ({
      cc,
      addresses: narrow(addresses),
    }));
    return {
      ...list,
      addresses: narrow(list.addresses),
      ...timesIf([list, ...kept], () =>
        timedDifferenceOf(
          kept.map(timesIn).reduce(timedIntersectionOf, timesIn(list)),
          unionOf(left.map((other) => other.addresses)),
        ),
      ),
      ...(countries && { countries }),
      faults: [...list.faults, ...kept.flatMap((other) => other.faults)],
    };
  }
}

/** Times, where any of the lists from which they are made has some. */
function timesIf(
  lists: readonly List[],
  make: () => TimedAddressSet,
): { readonly times?: TimedAddressSet } {
  return lists.some(({ times }) => times !== undefined) ? { times: make() } : {};
}

function timesIn({ times, addresses }: List): TimedAddressSet {
  return times ?? permanentSet(addresses);
}

/** The distinct codes that words stand for, in the order given. */
function codesOf(words: readonly string[], note: (text: string) => void): string[] {
  const codes = new Set<string>();
  for (const word of words) {
    const expanded = expandCountry(word);
    if ('expected' in expanded) throw new Error(`country ${word} was not checked`);
    if (expanded.note !== undefined) note(expanded.note);
    for (const cc of expanded.codes) codes.add(cc);
  }
  return [...codes];
}

function joinCountries(
  parts: readonly NonNullable<List['countries']>[],
): NonNullable<List['countries']> {
  const byCode = new Map<string, AddressSet>();
  for (const { cc, addresses } of parts.flat()) {
    byCode.set(cc, unionOf([byCode.get(cc) ?? EMPTY_ADDRESS_SET, addresses]));
  }
  return [...byCode].map(([cc, addresses]) => ({ cc, addresses }));
}

/** `PATH:LINE: found …; expected …` */
export function faultText(fault: ListFault): string {
  const found = JSON.stringify(fault.found.slice(0, 80));
  return `${fault.path}:${fault.line}: found ${found}; expected ${fault.expected}`;
}
