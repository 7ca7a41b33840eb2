import type { ListDefinition } from '../../config/schema.js';
import { setOfFamily } from '../../ip/address-set.js';
import type { Family } from '../../ip/family.js';
import { rangeSetFromColumns } from '../../ip/range-set-builder.js';
import type { List } from '../../lists/catalogue.js';
import { type Entry, isInForce } from '../../lists/manual.js';
import type { AddressLayer } from '../zone/zone-source.js';
import { clip, flatten, piecesOf } from './layers.js';

/** What lists are looked up in for the reasons of their entries. */
export interface ReasonSource {
  readonly lists: ReadonlyMap<string, List>;
  readonly definitions: Readonly<Record<string, ListDefinition>>;
  /** Entries that have run out by then tell nothing; milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * The reasons of a list's own entries, of nested ones the innermost's; of a list of lists one layer
 * for each that it is made of, in their order, without what `and` and `except` take from that one.
 *
 * @param numberOf a number for a reason, which the layers have as answers
 */
export function reasonLayers(
  name: string,
  family: Family,
  source: ReasonSource,
  numberOf: (reason: string) => number,
): AddressLayer[] {
  const list = source.lists.get(name);
  if (list === undefined) return [];
  const own = setOfFamily(list.addresses, family);
  const layers =
    list.entries.length > 0
      ? [layerOfEntries(list.entries, family, source.nowMs, numberOf)]
      : (source.definitions[name]?.lists ?? []).flatMap((other) =>
          reasonLayers(other, family, source, numberOf),
        );
  return layers.map((layer) => clip(layer, own));
}

function layerOfEntries(
  entries: readonly Entry[],
  family: Family,
  nowMs: number,
  numberOf: (reason: string) => number,
): AddressLayer {
  const counting = entries.filter(
    (entry) => entry.range.family === family && isInForce(entry, nowMs),
  );
  const sets = counting.map(({ range }) => rangeSetFromColumns(family, range.first, range.last));
  const numbers = counting.map(({ reason = '' }) => numberOf(reason));
  return flatten(piecesOf(family, sets, numbers));
}
