import type { RangeSet } from '../../ip/range-set.js';
import { addElements } from './commands.js';
import { type Json, elementsOf, timedElementsOf } from './expressions.js';
import type { SetLimits, TableListing } from './listing.js';
import type { NftRuleset, NftSet } from './ruleset.js';

/** A set that holds a list. */
export type ListSet = NftSet & { readonly ranges: RangeSet };

export function listSets(ruleset: NftRuleset): ListSet[] {
  return ruleset.sets.flatMap((set) =>
    set.ranges === undefined ? [] : [{ ...set, ranges: set.ranges }],
  );
}

/** Whether a set that stands may stay: sets cannot change their size, timeout or flags. */
export function isSame(wanted: NftSet | undefined, { size, timeout, isTimed }: SetLimits): boolean {
  if (wanted === undefined) return false;
  const { flags = [], ...definition } = wanted.definition as {
    size?: number;
    timeout?: number;
    flags?: string[];
  };
  const isWantedTimed = flags.includes('timeout');
  return definition.size === size && definition.timeout === timeout && isWantedTimed === isTimed;
}

/** Whether a set stands that is not of the kind which is wanted. */
export function isOtherwise(set: NftSet, listing: TableListing): boolean {
  const limits = listing.sets.get(set.name);
  return limits !== undefined && !isSame(set, limits);
}

/** No command where nothing is to be in the set. */
export function fillSet({ name, ranges, timed }: NftSet, nowMs: number): Json[] {
  if (timed) return addElements(name, timedElementsOf(timed, nowMs));
  return addElements(name, ranges ? elementsOf(ranges) : []);
}
