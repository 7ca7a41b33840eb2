import { rangeSetFromColumns } from '../../ip/range-set-builder.js';
import { wordsOf } from '../../ip/family.js';
import { NEVER, TimedRanges } from '../../ip/timed-ranges.js';
import { type NewRanges, changeElements } from '../../linux/change-elements.js';
import { available } from '../../linux/native.js';
import { readElements } from '../../linux/read-elements.js';
import { type ElementRanges, millisecondsLeft } from '../element-ranges.js';
import { type ElementPath, nftElements } from './elements.js';
import { TABLE } from './names.js';

/** By messages of our own: no listing of every set, no text between. */
export const netlinkElements: ElementPath = {
  name: 'netlink',

  read(set, family) {
    const { firsts, lasts } = readElements({ table: TABLE.name, set, words: wordsOf(family) });
    return Promise.resolve(rangeSetFromColumns(family, firsts, lasts));
  },

  readTimed(set, family) {
    const fromMs = Date.now();
    const held = readElements({ table: TABLE.name, set, words: wordsOf(family) });
    const endsMs = Float64Array.from({ length: held.length }, (_, i) => {
      const left = held.details.get(i)?.expirationMs;
      return left === undefined ? NEVER : fromMs + left;
    });
    const ranges = new TimedRanges(family, held.firsts, held.lasts, endsMs);
    return Promise.resolve({ ranges, fromMs, toMs: Date.now() });
  },

  change(changes) {
    const nowMs = Date.now();
    changeElements(
      changes.map(({ set, flush, add, remove }) => ({
        table: TABLE.name,
        set,
        words: add.words,
        flush,
        add: withTimeouts(add, nowMs),
        remove,
      })),
    );
    return Promise.resolve();
  },
};

/** With what is left of each; without what has ended. */
function withTimeouts(add: ElementRanges, nowMs: number): NewRanges {
  if (!(add instanceof TimedRanges)) return add;
  const rest = add.inForce(nowMs);
  const timeoutsMs = Array.from(rest.endsMs, (_, i) => millisecondsLeft(rest, i, nowMs) ?? 0);
  return { firsts: rest.firsts, lasts: rest.lasts, timeoutsMs };
}

/** Netlink where native calls work here, else the program nft. */
export function bestElementPath(): ElementPath {
  return available().ok ? netlinkElements : nftElements;
}
