import { rangeSetFromColumns } from '../../ip/range-set-builder.js';
import { wordsOf } from '../../ip/family.js';
import { prepareChange } from '../../linux/change-elements.js';
import { available } from '../../linux/native.js';
import { hasTable, readElements } from '../../linux/read-elements.js';
import { readRules } from '../../linux/read-rules.js';
import { hashOf } from './listing.js';
import { type ElementPath, nftElements } from './elements.js';
import { TABLE } from './names.js';

/** By messages of our own: no listing of every set, no text between. */
export const netlinkElements: ElementPath = {
  name: 'netlink',

  tableStands: () => hasTable(TABLE.name),

  sealRules: () => hashOf(readRules(TABLE.name)),

  read(set, family) {
    const { firsts, lasts } = readElements({ table: TABLE.name, set, words: wordsOf(family) });
    return Promise.resolve(rangeSetFromColumns(family, firsts, lasts));
  },

  prepare(changes) {
    return prepareChange(
      changes.map(({ set, flush, add, remove }) => ({
        table: TABLE.name,
        set,
        words: add.words,
        flush,
        add,
        remove,
      })),
    );
  },
};

/** Netlink where native calls work here, else the program nft. */
export function bestElementPath(): ElementPath {
  return available().ok ? netlinkElements : nftElements;
}
