import { RangeSet } from '../../ip/range-set.js';
import { wordsOf } from '../../ip/family.js';
import { exactDifference } from '../../linux/nf-tables/difference.js';
import type { ListDifference } from '../backend.js';
import { elementSteps } from '../end-difference.js';
import type { ElementChange } from './elements.js';
import { listSet } from './names.js';
import type { NftSet } from './ruleset.js';

/** Above this share of changed ranges a set is emptied and filled again. */
const REFILL_SHARE = 0.5;

/** The smallest change that makes a set hold what is wanted: whole elements go and come. */
export function changeOf(difference: ListDifference): ElementChange {
  const { list, family, wanted, held, timed } = difference;
  if (timed) {
    const steps = elementSteps(timed.wanted, timed.held, timed.sameEnd);
    return { set: listSet(list, family), flush: false, ...steps };
  }
  const exact = exactDifference(held, wanted, wordsOf(family));
  const remove = new RangeSet(family, exact.remove.firsts, exact.remove.lasts);
  const add = new RangeSet(family, exact.add.firsts, exact.add.lasts);
  if (remove.length + add.length > (wanted.length + held.length) * REFILL_SHARE) {
    return refillOf(difference);
  }
  return { set: listSet(list, family), flush: false, add, remove };
}

/** Empties the set and fills it again, in the same transaction. */
export function refillOf({ list, family, wanted, timed }: ListDifference): ElementChange {
  const add = timed?.wanted ?? wanted;
  return { set: listSet(list, family), flush: true, add, remove: RangeSet.empty(family) };
}

/** Fills sets that are empty. */
export function fillingOf(sets: readonly NftSet[]): ElementChange[] {
  return sets.flatMap(({ name, family, ranges, timed }) => {
    const add = timed ?? ranges;
    if (add === undefined || add.isEmpty) return [];
    return [{ set: name, flush: false, add, remove: RangeSet.empty(family) }];
  });
}
