import { type AddressSet, setOfFamily } from '../../ip/address-set.js';
import { type Family, wordsOf } from '../../ip/family.js';
import type { List } from '../../lists/catalogue.js';
import { isInForce } from '../../lists/manual.js';
import type { NamedRanges, NamedRangesOfList } from '../zone/zone-source.js';
import { flatten } from './layers.js';

type Columns = Pick<NamedRanges, 'firsts' | 'lasts'>;

/**
 * The ranges of a list as its owner knows them: the lines of its file where it has one, of nested
 * ones the innermost; else what it holds, without what other lists or `allow` cut out of it.
 *
 * @param byCountry whether what neighbours belong to different countries are different ranges
 * @param nowMs entries that have run out by then do not count
 */
export function namedRangesOf(list: List, byCountry: boolean, nowMs: number): NamedRangesOfList {
  const of = (family: Family): NamedRanges => {
    const { firsts, lasts } = columnsOf(list, family, byCountry, nowMs);
    const answers = Uint32Array.from({ length: firsts.length / wordsOf(family) }, (_, k) => k);
    return { firsts, lasts, layer: flatten({ family, firsts, lasts, answers }) };
  };
  return { v4: of(4), v6: of(6) };
}

function columnsOf(
  { addresses, countries, entries }: List,
  family: Family,
  byCountry: boolean,
  nowMs: number,
): Columns {
  if (entries.length > 0) {
    const counting = entries.filter(
      (entry) => entry.range.family === family && isInForce(entry, nowMs),
    );
    return joined(
      counting.map(({ range }) => ({ firsts: range.first, lasts: range.last })),
      counting.length * wordsOf(family),
    );
  }
  const sets: readonly AddressSet[] =
    byCountry && countries ? countries.map((country) => country.addresses) : [addresses];
  const columns = sets.map((set) => setOfFamily(set, family));
  return joined(
    columns,
    columns.reduce((total, { firsts }) => total + firsts.length, 0),
  );
}

/** @param length words of all first addresses together */
function joined(parts: readonly Columns[], length: number): Columns {
  const firsts = new Uint32Array(length);
  const lasts = new Uint32Array(length);
  let at = 0;
  for (const part of parts) {
    firsts.set(part.firsts, at);
    lasts.set(part.lasts, at);
    at += part.firsts.length;
  }
  return { firsts, lasts };
}
