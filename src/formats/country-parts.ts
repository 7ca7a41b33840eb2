import { intersect, subtract, union } from '../ip/algebra.js';
import { type Family, wordsOf } from '../ip/family.js';
import type { RangeSet } from '../ip/range-set.js';
import { compareWords } from '../ip/words.js';
import { type NamedList, setsOf } from './format.js';

/** Addresses of a list that one country holds; `cc` is undefined where none is known. */
export interface CountrySet {
  readonly cc: string | undefined;
  readonly set: RangeSet;
}

/**
 * One family of a list, divided by country: the parts are disjoint and together they are
 * exactly the list. Where the list's own parts overlap, the first has the address; where
 * they go beyond the list (`except`), they are cut; what none of them holds comes last,
 * without a country.
 */
export function countrySetsOf(list: NamedList, family: Family): CountrySet[] {
  const own = setsOf(list, [family])[0] as RangeSet;
  let sets: CountrySet[] = (list.countries ?? []).map(({ cc, addresses }) => ({
    cc,
    set: family === 4 ? addresses.v4 : addresses.v6,
  }));
  const all = unionOf(family, sets);
  if (!all.equals(own)) {
    sets = sets.map(({ cc, set }) => ({ cc, set: intersect(set, own) }));
    sets.push({ cc: undefined, set: subtract(own, all) });
  }
  if (overlap(family, sets)) sets = firstWins(family, sets);
  return sets.filter(({ set }) => !set.isEmpty);
}

function unionOf(family: Family, sets: readonly CountrySet[]): RangeSet {
  return union(
    family,
    sets.map(({ set }) => set),
  );
}

/** Whether any address is in two of the sets: whether, in ascending order, one range begins inside another. */
function overlap(family: Family, sets: readonly CountrySet[]): boolean {
  if (sets.filter(({ set }) => !set.isEmpty).length < 2) return false;
  const n = wordsOf(family);
  const firsts = concatenated(sets.map(({ set }) => set.firsts));
  const lasts = concatenated(sets.map(({ set }) => set.lasts));
  const order = Uint32Array.from({ length: firsts.length / n }, (_, k) => k * n);
  order.sort((i, j) => compareWords(firsts, i, firsts, j, n));
  return order.some(
    (at, k) => k > 0 && compareWords(lasts, order[k - 1] as number, firsts, at, n) >= 0,
  );
}

function concatenated(columns: readonly Uint32Array[]): Uint32Array {
  const whole = new Uint32Array(columns.reduce((total, column) => total + column.length, 0));
  let at = 0;
  for (const column of columns) {
    whole.set(column, at);
    at += column.length;
  }
  return whole;
}

function firstWins(family: Family, sets: readonly CountrySet[]): CountrySet[] {
  const done: CountrySet[] = [];
  for (const { cc, set } of sets) done.push({ cc, set: subtract(set, unionOf(family, done)) });
  return done;
}
