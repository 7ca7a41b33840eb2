import { SystemError } from '../../util/errors.js';
import type { Difference, ListDifference } from '../backend.js';
import * as command from './commands.js';
import { changeOf, fillingOf, refillOf } from './element-changes.js';
import type { ElementPath } from './elements.js';
import { type TableListing, listMadeTable, listTable } from './listing.js';
import { type MakeReady, makeTable } from './make-table.js';
import { type Written, marksOf, wantedHash } from './marks.js';
import { listSet } from './names.js';
import { runCommands } from './nft.js';
import { replaceRules } from './replace-rules.js';
import type { NftRuleset } from './ruleset.js';
import { fillSet, isOtherwise, listSets } from './sets.js';

/**
 * Makes the kernel hold a ruleset, in the smallest way that never refers to what is not filled:
 *
 * - where there is no table, it is made;
 * - where only lists differ, their sets change in one transaction;
 * - where only rules differ, new sets are made and filled, and the rules change in one
 *   transaction;
 * - where both differ, everything goes in one transaction of nft's.
 *
 * @returns what it wrote; undefined where rules and marks stay as they are
 * @throws SystemError where the kernel refuses
 */
export async function applyRuleset(
  ruleset: NftRuleset,
  { present, rules, lists }: Difference,
  elements: ElementPath,
  makeReady: MakeReady,
): Promise<Written | undefined> {
  if (!present) return makeTable(ruleset, elements, makeReady);
  if (rules.length === 0) {
    await changeLists(lists, elements);
    return undefined;
  }
  const listing = await listTable();
  if (listing === undefined) return makeTable(ruleset, elements, makeReady);
  const isReshaped = listSets(ruleset).some((set) => isOtherwise(set, listing));
  const isChanged = lists.some(({ list, family }) => listing.sets.has(listSet(list, family)));
  if (!isChanged && !isReshaped) return changeRules(ruleset, listing, elements);
  return changeAll(ruleset, listing);
}

/** Only what changed; all of a set where somebody else put elements into it in other pieces. */
async function changeLists(lists: readonly ListDifference[], elements: ElementPath): Promise<void> {
  try {
    await elements.prepare(lists.map(changeOf))();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    await elements.prepare(lists.map(refillOf))();
  }
}

/** Lists are as they should be, but for sets that are missing: those are filled first. */
async function changeRules(
  ruleset: NftRuleset,
  listing: TableListing,
  elements: ElementPath,
): Promise<Written> {
  const fresh = listSets(ruleset).filter((set) => !listing.sets.has(set.name));
  await runCommands(fresh.map((set) => command.addSet(set)));
  await elements.prepare(fillingOf(fresh))();
  await runCommands(replaceRules(ruleset, listing, new Set(fresh.map(({ name }) => name))));
  return mark(ruleset);
}

/** Rules and lists in one transaction of nft's. */
async function changeAll(ruleset: NftRuleset, listing: TableListing): Promise<Written> {
  const nowMs = Date.now();
  const sets = listSets(ruleset);
  const kept = sets.filter((set) => !isOtherwise(set, listing));
  const before = kept.flatMap((set) => [
    listing.sets.has(set.name) ? command.flushSet(set.name) : command.addSet(set),
    ...fillSet(set, nowMs),
  ]);
  const filled = new Set(kept.map(({ name }) => name));
  // a set of another kind goes, once no rule refers to it, and comes anew
  const anew = sets.filter((set) => !filled.has(set.name));
  await runCommands([
    ...before,
    ...replaceRules(ruleset, listing, filled),
    ...anew.flatMap((set) => fillSet(set, nowMs)),
  ]);
  return mark(ruleset);
}

/** The marks tell at the next compare that the rules are those that were loaded. */
async function mark(ruleset: NftRuleset): Promise<Written> {
  const listing = await listMadeTable();
  const marks = marksOf(ruleset, listing);
  // a table that others put to sleep wakes when its rules are right
  const wake = listing.isFlagged ? [command.addTable()] : [];
  await runCommands([...wake, ...command.writeMarks(marks)]);
  return { wanted: wantedHash(ruleset), marks };
}
