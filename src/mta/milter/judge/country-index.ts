import type { Address } from '../../../ip/address.js';
import { type Family, wordsOf } from '../../../ip/family.js';
import { compareWords, copyWords, increment } from '../../../ip/words.js';
import type { CountryTable } from '../../../sources/country-table.js';

/** Ranges of all countries in columns, sorted, as threads send them. */
export interface CountryColumns {
  readonly codes: readonly string[];
  readonly v4: Columns;
  readonly v6: Columns;
}

/** Where the data gives an address to two countries, the range that starts first has it. */
export function countryColumns(table: CountryTable): CountryColumns {
  return { codes: [...table.keys()], v4: columnsOf(table, 4), v6: columnsOf(table, 6) };
}

/** Which country holds an address. */
export class CountryIndex {
  readonly #codes: readonly string[];
  readonly #v4: Columns;
  readonly #v6: Columns;

  constructor({ codes, v4, v6 }: CountryColumns) {
    this.#codes = codes;
    this.#v4 = v4;
    this.#v6 = v6;
  }

  /** Two capital letters, or undefined. */
  countryOf({ family, words }: Address): string | undefined {
    const { firsts, lasts, codes, length } = family === 4 ? this.#v4 : this.#v6;
    const n = wordsOf(family);
    let low = 0;
    let high = length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (compareWords(words, 0, firsts, middle * n, n) < 0) high = middle - 1;
      else if (compareWords(words, 0, lasts, middle * n, n) > 0) low = middle + 1;
      else return this.#codes[codes[middle] as number];
    }
    return undefined;
  }
}

interface Columns {
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
  readonly codes: Uint16Array;
  readonly length: number;
}

function columnsOf(table: CountryTable, family: Family): Columns {
  const n = wordsOf(family);
  const sets = [...table.values()].map(({ addresses }) =>
    family === 4 ? addresses.v4 : addresses.v6,
  );
  const total = sets.reduce((sum, set) => sum + set.length, 0);
  const allFirsts = new Uint32Array(total * n);
  const allLasts = new Uint32Array(total * n);
  const owners = new Uint16Array(total);
  let used = 0;
  for (const [k, set] of sets.entries()) {
    allFirsts.set(set.firsts, used * n);
    allLasts.set(set.lasts, used * n);
    owners.fill(k, used, used + set.length);
    used += set.length;
  }
  const order = Uint32Array.from(owners.keys()).sort((a, b) =>
    compareWords(allFirsts, a * n, allFirsts, b * n, n),
  );
  const firsts = new Uint32Array(total * n);
  const lasts = new Uint32Array(total * n);
  const codes = new Uint16Array(total);
  let length = 0;
  for (const from of order) {
    const at = length * n;
    copyWords(allFirsts, from * n, firsts, at, n);
    if (length > 0 && compareWords(firsts, at, lasts, at - n, n) <= 0) {
      if (compareWords(allLasts, from * n, lasts, at - n, n) <= 0) continue;
      copyWords(lasts, at - n, firsts, at, n);
      increment(firsts, at, n);
    }
    copyWords(allLasts, from * n, lasts, at, n);
    codes[length] = owners[from] as number;
    length += 1;
  }
  return { firsts, lasts, codes, length };
}
