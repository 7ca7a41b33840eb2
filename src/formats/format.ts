import type { AddressSet } from '../ip/address-set.js';
import type { Family } from '../ip/family.js';
import type { RangeSet } from '../ip/range-set.js';

/** The part of a list that one country holds. */
export interface CountryPart {
  /** ISO 3166-1 alpha-2 code, upper case. */
  readonly cc: string;
  readonly addresses: AddressSet;
}

/** A list as formats see it. */
export interface NamedList {
  /** Letters, digits and `_`, starting with a letter, at most 24 characters. */
  readonly name: string;
  readonly addresses: AddressSet;
  /** The list divided by country, where it was made from countries. */
  readonly countries?: readonly CountryPart[];
}

export interface FormatInput {
  readonly lists: readonly NamedList[];
  /** Lines for a comment at the top (origin of the data, attribution), without comment marks. */
  readonly notices: readonly string[];
}

export interface FormatOptions {
  /** Families to write; a format that holds only one of them leaves the other out. */
  readonly families: readonly Family[];
  /** A format whose text would be longer than this many lines refuses (`assertLineLimit`). */
  readonly maxLines: number;
  /** What stands behind an address, in formats where an administrator chooses it. */
  readonly action?: string;
  /**
   * Age of the data as Unix time in seconds, where a format has a place for it: the serial
   * of a zone, the build time of a database. The same data should give the same number.
   * A whole number from 1; without it they use one that depends on the content alone.
   */
  readonly dataTimeSeconds?: number;
}

/** Turns lists into the text (or bytes) of a file. Pure: no I/O, no clock. */
export interface Format {
  readonly name: string;
  /** One line for help and documentation. */
  readonly summary: string;
  /** File name extension without the dot. */
  readonly extension: string;
  /** Whether one file can hold several lists and keep them apart. */
  readonly holdsSeveralLists: boolean;
  /** The families that the format can hold. */
  readonly families: readonly Family[];
  /** In a folder, one file for each family (`kr-ipv4.cidr`, `kr-ipv6.cidr`). */
  readonly splitsFamilies?: true;
  /** What `action` means here and its default; absent where the format has no such place. */
  readonly action?: { readonly meaning: string; readonly default: string };
  /**
   * The file, in pieces of any size.
   * @throws UsageError where the lists cannot be said in this format; the message says why.
   */
  render(input: FormatInput, options: FormatOptions): Iterable<string | Uint8Array>;
}

export const DEFAULT_MAX_LINES = 500_000;

/** The range sets of a list that are to be written, IPv4 first. */
export function setsOf(list: NamedList, families: readonly Family[]): RangeSet[] {
  const sets: RangeSet[] = [];
  if (families.includes(4)) sets.push(list.addresses.v4);
  if (families.includes(6)) sets.push(list.addresses.v6);
  return sets;
}
