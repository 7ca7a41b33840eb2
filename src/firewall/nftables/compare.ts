import { subtract } from '../../ip/algebra.js';
import type { Family } from '../../ip/family.js';
import { RangeSet } from '../../ip/range-set.js';
import { TimedRanges } from '../../ip/timed-ranges.js';
import type { Difference, ListDifference } from '../backend.js';
import { type HeldTimes, endDifference } from '../end-difference.js';
import type { ElementPath } from './elements.js';
import { type TableListing, listTable } from './listing.js';
import { expectedHookHash, readMarks, wantedHash } from './marks.js';
import { listOfSet } from './names.js';
import type { NftRuleset, NftSet } from './ruleset.js';
import { type ListSet, listSets } from './sets.js';

/** What the kernel holds otherwise than a ruleset wants it. @throws SystemError */
export async function compareTable(
  ruleset: NftRuleset,
  elements: ElementPath,
): Promise<Difference> {
  const listing = elements.tableStands() === false ? undefined : await listTable();
  if (listing === undefined) {
    return {
      present: false,
      rules: ['table inet sekisho is missing'],
      lists: missingLists(ruleset),
    };
  }
  const lists: ListDifference[] = [];
  for (const set of listSets(ruleset)) {
    const difference = await compareSet(set, listing.sets.has(set.name), elements);
    if (difference) lists.push(difference);
  }
  return { present: true, rules: ruleDifferences(ruleset, listing), lists };
}

async function compareSet(
  set: ListSet,
  stands: boolean,
  elements: ElementPath,
): Promise<ListDifference | undefined> {
  const { name, family, ranges, timed } = set;
  if (timed) {
    const held = stands ? await elements.readTimed(name, family) : heldNothing(family);
    return endDifference(listOfSet(name), timed, held);
  }
  const held = stands ? await elements.read(name, family) : RangeSet.empty(family);
  return differenceOf(set, ranges, held);
}

function ruleDifferences(ruleset: NftRuleset, listing: TableListing): string[] {
  const differences: string[] = [];
  const marks = readMarks(listing.marks);
  if (marks === undefined) differences.push('the rules carry no mark of ours');
  else if (marks.wanted !== wantedHash(ruleset))
    differences.push('the rules are those of another plan');
  else if (marks.held !== listing.hash)
    differences.push('chains, rules or sets were changed by others');
  if (listing.isFlagged) {
    differences.push('the table was given flags by others; a dormant one judges nothing');
  }
  for (const { name, target } of ruleset.hooks) {
    if (!listing.hooks.has(name)) differences.push(`the hook ${name} to ${target} is missing`);
  }
  if (differences.length === 0 && listing.hookHash !== expectedHookHash(ruleset)) {
    differences.push('the hooks were changed by others');
  }
  return differences;
}

function missingLists(ruleset: NftRuleset): ListDifference[] {
  return ruleset.sets.flatMap((set) =>
    set.ranges === undefined ? [] : (missingList(set, set.ranges) ?? []),
  );
}

function missingList(set: NftSet, ranges: RangeSet): ListDifference | undefined {
  if (set.timed) return endDifference(listOfSet(set.name), set.timed, heldNothing(set.family));
  return differenceOf(set, ranges, RangeSet.empty(set.family));
}

function heldNothing(family: Family): HeldTimes {
  const nowMs = Date.now();
  const ranges = TimedRanges.permanent(RangeSet.empty(family));
  return { ranges, fromMs: nowMs, toMs: nowMs };
}

function differenceOf(set: NftSet, wanted: RangeSet, held: RangeSet): ListDifference | undefined {
  if (wanted.equals(held)) return undefined;
  return {
    list: listOfSet(set.name),
    family: set.family,
    wanted,
    held,
    missing: subtract(wanted, held),
    surplus: subtract(held, wanted),
  };
}
