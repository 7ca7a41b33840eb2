import type { Address } from '../ip/address.js';
import { hasAddress } from '../ip/address-set.js';
import { compareWords } from '../ip/words.js';
import type { CountryTable } from './country-table.js';
import { isDelegated } from './statistics/records.js';
import { type StatisticsFile, lineAt } from './statistics/scan.js';

/** One record of a statistics file, as the registry wrote it. */
export interface Delegation {
  readonly registry: string;
  readonly cc: string;
  /** First address. */
  readonly start: string;
  /** IPv4: number of addresses; IPv6: prefix length. */
  readonly value: number;
  /** yyyymmdd; empty or zeros where the registry does not say. */
  readonly date: string;
  readonly status: string;
}

/** A statistics file in memory: its columns and its text. */
export interface OpenStatistics {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly file: StatisticsFile;
}

/** Countries, and where the facts come from. */
export interface CountryData {
  readonly table: CountryTable;
  /** One line for each file used, such as `apnic 20260618 (extended)`. */
  readonly origins: readonly string[];
  /** Time of the newest file by its own word, milliseconds since 1970, where it has one. */
  readonly timeMs?: number;
  /** What the licence of the data asks to be shown. */
  readonly attribution: readonly string[];
  /** Remarks for a person at a terminal (a file that was passed over, and why). */
  readonly notes: readonly string[];
  /** Registries that no file was there for. */
  readonly missing: readonly string[];
  /** The statistics files, where they were kept open for look-ups. */
  readonly statistics: readonly OpenStatistics[];
  /** Why nothing at all is known of countries, where whoever asked can do without them. */
  readonly absent?: string;
}

/** Where nothing is known of countries. */
export const NO_COUNTRIES: CountryData = {
  table: new Map(),
  origins: [],
  attribution: [],
  notes: [],
  missing: [],
  statistics: [],
};

/**
 * The record that covers an address, whatever its status; where several do, the first one
 * that is delegated.
 */
export function findRecord(data: CountryData, address: Address): Delegation | undefined {
  let found: Delegation | undefined;
  for (const { bytes, file } of data.statistics) {
    const records = address.family === 4 ? file.ipv4 : file.ipv6;
    const { words } = records;
    for (let k = 0; k < records.length; k++) {
      if (compareWords(records.firsts, k * words, address.words, 0, words) > 0) continue;
      if (compareWords(records.lasts, k * words, address.words, 0, words) < 0) continue;
      const delegated = isDelegated(records.statuses[k] as number);
      if (delegated || found === undefined) {
        found = delegationOf(lineAt(bytes, records.offsets[k] as number));
      }
      if (delegated) return found;
    }
  }
  return found;
}

/** The fields of a record's line. */
export function delegationOf(line: string): Delegation {
  const [registry = '', cc = '', , start = '', value = '', date = '', status = ''] =
    line.split('|');
  return { registry, cc, start, value: Number(value), date, status };
}

/** The country whose set holds the address. */
export function findCountryOf(table: CountryTable, address: Address): string | undefined {
  for (const { cc, addresses } of table.values()) if (hasAddress(addresses, address)) return cc;
  return undefined;
}

/**
 * Lines for the comment at the top of a file: where the data is from. Each is one line, whatever
 * the names of files hold: a line break in a path would end the comment, and what follows would
 * be read as rules.
 */
export function noticesOf(data: Pick<CountryData, 'origins' | 'attribution'>): string[] {
  return [`Sekisho, from ${data.origins.join(', ')}`, ...data.attribution].map(inOneLine);
}

/** Control characters, and the two further ones that Unicode ends lines with, as `?`. */
function inOneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, '?');
}
