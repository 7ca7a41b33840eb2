import { rangeSetFromColumns } from '../../ip/range-set-builder.js';
import { wordsOf } from '../../ip/family.js';
import type { Family } from '../../ip/family.js';
import { NEVER, TimedRanges } from '../../ip/timed-ranges.js';
import { type NewRanges, type SetChange, prepareChange } from '../../linux/change-elements.js';
import { available } from '../../linux/native.js';
import { hasTable, readElements } from '../../linux/read-elements.js';
import { readRules } from '../../linux/read-rules.js';
import { type ElementRanges, millisecondsLeft } from '../element-ranges.js';
import type { HeldTimes } from '../end-difference.js';
import { hashOf } from './listing.js';
import { type ElementChange, type ElementPath, nftElements } from './elements.js';
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

  readTimed: (set, family) => Promise.resolve(readTimedElements(set, family)),

  prepare: (changes) => prepareChange(setChanges(changes)),
};

/** The elements of one of our sets, with their ends. @throws KernelError */
export function readTimedElements(set: string, family: Family): HeldTimes {
  const fromMs = Date.now();
  const held = readElements({ table: TABLE.name, set, words: wordsOf(family) });
  const endsMs = Float64Array.from({ length: held.length }, (_, i) => {
    const left = held.details.get(i)?.expirationMs;
    return left === undefined ? NEVER : fromMs + left;
  });
  return {
    ranges: new TimedRanges(family, held.firsts, held.lasts, endsMs),
    fromMs,
    toMs: Date.now(),
  };
}

/** Changes as the kernel is told them, with what is left of each element now. */
export function setChanges(changes: readonly ElementChange[]): SetChange[] {
  const nowMs = Date.now();
  return changes.map(({ set, flush, add, remove }) => ({
    table: TABLE.name,
    set,
    words: add.words,
    flush,
    add: withTimeouts(add, nowMs),
    remove,
  }));
}

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
