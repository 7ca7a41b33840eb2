import { RangeSet } from '../../ip/range-set.js';
import { compareWords } from '../../ip/words.js';
import type { ListDifference } from '../backend.js';
import type { ElementChange } from './elements.js';
import { listSet } from './names.js';

/** Above this share of changed ranges a set is emptied and filled again. */
const REFILL_SHARE = 0.5;

/** The smallest change that makes a set hold what is wanted: whole elements go and come. */
export function changeOf(difference: ListDifference): ElementChange {
  const { list, family, wanted, held } = difference;
  const remove = rangesNotIn(held, wanted);
  const add = rangesNotIn(wanted, held);
  if (remove.length + add.length > (wanted.length + held.length) * REFILL_SHARE) {
    return refillOf(difference);
  }
  return { set: listSet(list, family), flush: false, add, remove };
}

/** Empties the set and fills it again, in the same transaction. */
export function refillOf({ list, family, wanted }: ListDifference): ElementChange {
  return { set: listSet(list, family), flush: true, add: wanted, remove: RangeSet.empty(family) };
}

/** The ranges of `a` that are not ranges of `b` with the same two ends. */
export function rangesNotIn(a: RangeSet, b: RangeSet): RangeSet {
  const n = a.words;
  const firsts: number[] = [];
  const lasts: number[] = [];
  let j = 0;
  for (let i = 0; i < a.firsts.length; i += n) {
    while (j < b.firsts.length && compareWords(b.firsts, j, a.firsts, i, n) < 0) j += n;
    const same =
      j < b.firsts.length &&
      compareWords(a.firsts, i, b.firsts, j, n) === 0 &&
      compareWords(a.lasts, i, b.lasts, j, n) === 0;
    if (same) continue;
    firsts.push(...a.firsts.subarray(i, i + n));
    lasts.push(...a.lasts.subarray(i, i + n));
  }
  return new RangeSet(a.family, Uint32Array.from(firsts), Uint32Array.from(lasts));
}
