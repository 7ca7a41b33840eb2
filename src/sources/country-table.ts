import type { AddressSet } from '../ip/address-set.js';
import type { Family } from '../ip/family.js';
import { RangeSet } from '../ip/range-set.js';
import { rangeSetFromColumns } from '../ip/range-set-builder.js';
import { copyWords, wordAt } from '../ip/words.js';
import {
  COUNTRY_CODES,
  type RecordColumns,
  countryText,
  isDelegated,
} from './statistics/records.js';
import type { StatisticsFile } from './statistics/scan.js';

/** What one country holds, whatever registry gave it. */
export interface Holdings {
  /** Two capital letters: ISO 3166-1 alpha-2, or `EU`, `AP` and the like as files have them. */
  readonly cc: string;
  readonly addresses: AddressSet;
  /** Number of records (or CSV lines) that it was made from. */
  readonly records4: number;
  readonly records6: number;
}

/** Countries by code, sorted by code. */
export type CountryTable = ReadonlyMap<string, Holdings>;

/** Divides the delegated space of statistics files by country. */
export function countryTableOf(
  files: readonly Pick<StatisticsFile, 'ipv4' | 'ipv6'>[],
): CountryTable {
  return tableOfFamilies(
    divide(
      4,
      files.map((file) => file.ipv4),
    ),
    divide(
      6,
      files.map((file) => file.ipv6),
    ),
  );
}

/** The sets and record counts of one family, by country code. */
export type FamilyTable = ReadonlyMap<string, { readonly set: RangeSet; readonly records: number }>;

/** Joins the two families; a country may be in only one of them. */
export function tableOfFamilies(v4: FamilyTable, v6: FamilyTable): CountryTable {
  const table = new Map<string, Holdings>();
  for (const cc of [...new Set([...v4.keys(), ...v6.keys()])].sort()) {
    const four = v4.get(cc);
    const six = v6.get(cc);
    table.set(cc, {
      cc,
      addresses: { v4: four?.set ?? RangeSet.empty(4), v6: six?.set ?? RangeSet.empty(6) },
      records4: four?.records ?? 0,
      records6: six?.records ?? 0,
    });
  }
  return table;
}

/** Counting sort of the delegated records by country, then one set each. */
function divide(family: Family, files: readonly RecordColumns[]): FamilyTable {
  const counts = new Uint32Array(COUNTRY_CODES);
  for (const file of files) {
    for (let k = 0; k < file.length; k++) {
      if (isDelegated(file.statuses[k] as number)) {
        const code = file.countries[k] as number;
        counts[code] = wordAt(counts, code) + 1;
      }
    }
  }
  const columns: (CountryColumns | undefined)[] = Array.from(counts, (count, code) =>
    count > 0 && code > 0 ? new CountryColumns(family, count) : undefined,
  );
  for (const file of files) {
    for (let k = 0; k < file.length; k++) {
      if (isDelegated(file.statuses[k] as number)) {
        columns[file.countries[k] as number]?.add(file, k);
      }
    }
  }
  const table = new Map<string, { set: RangeSet; records: number }>();
  for (const [code, country] of columns.entries()) {
    if (country === undefined) continue;
    const { firsts, lasts, records } = country;
    table.set(countryText(code), { set: rangeSetFromColumns(family, firsts, lasts), records });
  }
  return table;
}

class CountryColumns {
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
  readonly records: number;
  #used = 0;

  constructor(family: Family, records: number) {
    const size = records * (family === 4 ? 1 : 4);
    this.firsts = new Uint32Array(size);
    this.lasts = new Uint32Array(size);
    this.records = records;
  }

  add(file: RecordColumns, k: number): void {
    copyWords(file.firsts, k * file.words, this.firsts, this.#used, file.words);
    copyWords(file.lasts, k * file.words, this.lasts, this.#used, file.words);
    this.#used += file.words;
  }
}
