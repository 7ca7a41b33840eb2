import type { Family } from '../../ip/family.js';
import { RangeSetBuilder } from '../../ip/range-set-builder.js';
import { type CountryTable, type FamilyTable, tableOfFamilies } from '../country-table.js';

/** Collects ranges by country code and makes a table of them. */
export class CountryCollector {
  readonly #v4 = new Map<string, Collected>();
  readonly #v6 = new Map<string, Collected>();

  add(cc: string, range: { family: Family; first: Uint32Array; last: Uint32Array }): void {
    const families = range.family === 4 ? this.#v4 : this.#v6;
    let collected = families.get(cc);
    if (collected === undefined) {
      collected = { builder: new RangeSetBuilder(range.family), records: 0 };
      families.set(cc, collected);
    }
    collected.builder.add(range.first, 0, range.last, 0);
    collected.records++;
  }

  table(): CountryTable {
    return tableOfFamilies(built(this.#v4), built(this.#v6));
  }
}

interface Collected {
  readonly builder: RangeSetBuilder;
  records: number;
}

function built(families: ReadonlyMap<string, Collected>): FamilyTable {
  return new Map(
    [...families].map(([cc, { builder, records }]) => [cc, { set: builder.build(), records }]),
  );
}
