import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { subtract } from '../../ip/algebra.js';
import type { Family } from '../../ip/family.js';
import { RangeSet } from '../../ip/range-set.js';
import { TimedRanges } from '../../ip/timed-ranges.js';
import type { Plan } from '../../policy/plan.js';
import { SystemError, messageOf } from '../../util/errors.js';
import { findProgram } from '../../util/programs.js';
import type { Backend, DenyCount, Difference, Hit, ListDifference } from '../backend.js';
import { type HeldTimes, endDifference } from '../end-difference.js';
import * as command from './commands.js';
import { BOOT_FILE, bootRuleset, bootRulesetAt, prepareBootRuleset } from './boot.js';
import { changeOf, refillOf } from './element-changes.js';
import type { ElementChange, ElementPath } from './elements.js';
import { type Json, elementsOf, timedElementsOf } from './expressions.js';
import { type SetLimits, type TableListing, hashOf, listTable } from './listing.js';
import { countDenied, listHits } from './counts.js';
import { TABLE } from './names.js';
import { list, nft, reason, runCommandText, runCommands } from './nft.js';
import { type NftRuleset, type NftSet, rulesetOf } from './ruleset.js';

/** Makes all of the boot file but the marks, which the function that it returns takes and writes. */
type MakeReady = () => (marks: string) => void;

/**
 * The table `inet sekisho`. Rules, chains and sets are made by libnftables JSON; elements go
 * by the element path. Nothing is referred to before it is filled:
 *
 * - where there is no table, everything is made without hooks, sets are filled, and the hooks
 *   are added last, in one transaction;
 * - where only lists differ, their sets change in one transaction;
 * - where only rules differ, new sets are made and filled, and the rules change in one
 *   transaction;
 * - where both differ, everything goes in one transaction of nft's.
 */
export class NftablesBackend implements Backend {
  readonly name = 'nftables';
  readonly #elements: ElementPath;
  /** What this process wrote last, so that the boot file needs no listing of its own. */
  #written: { readonly wanted: string; readonly marks: string } | undefined;

  constructor(elements: ElementPath) {
    this.#elements = elements;
  }

  async findObstacle(): Promise<string | undefined> {
    if (findProgram('nft') === undefined) return 'the program nft is missing';
    try {
      if (this.#elements.tableStands() !== undefined) return undefined;
    } catch (error) {
      if (error instanceof SystemError) return error.message;
      throw error;
    }
    const { code, stderr } = await nft(['list', 'tables']);
    return code === 0 ? undefined : `nft cannot list tables: ${reason(stderr)}`;
  }

  async compare(plan: Plan): Promise<Difference> {
    return withHint(() => this.#compare(plan));
  }

  async #compare(plan: Plan): Promise<Difference> {
    const ruleset = rulesetOf(plan);
    const listing = this.#elements.tableStands() === false ? undefined : await listTable();
    if (listing === undefined) {
      return {
        present: false,
        rules: ['table inet sekisho is missing'],
        lists: missingLists(ruleset),
      };
    }
    const lists: ListDifference[] = [];
    for (const set of listSets(ruleset)) {
      const difference = await this.#compareSet(set, listing.sets.has(set.name));
      if (difference) lists.push(difference);
    }
    return { present: true, rules: ruleDifferences(ruleset, listing), lists };
  }

  async #compareSet(
    set: NftSet & { ranges: RangeSet },
    stands: boolean,
  ): Promise<ListDifference | undefined> {
    const { name, family, ranges, timed } = set;
    if (timed) {
      const held = stands ? await this.#elements.readTimed(name, family) : heldNothing(family);
      return endDifference(listOf(set), timed, held);
    }
    const held = stands ? await this.#elements.read(name, family) : RangeSet.empty(family);
    return differenceOf(set, ranges, held);
  }

  async apply(
    plan: Plan,
    difference: Difference,
    prepareBoot?: (files: ReadonlyMap<string, string>) => void,
  ): Promise<void> {
    await withHint(() => this.#apply(plan, difference, prepareBoot));
  }

  async #apply(
    plan: Plan,
    { present, rules, lists }: Difference,
    prepareBoot?: (files: ReadonlyMap<string, string>) => void,
  ): Promise<void> {
    this.#written = undefined;
    const ruleset = rulesetOf(plan);
    const makeReady: MakeReady = () => {
      const textWith = prepareBoot && prepareBootRuleset(plan, Date.now());
      return (marks) => textWith && prepareBoot(new Map([[BOOT_FILE, textWith(marks)]]));
    };
    if (!present) return this.#applyFresh(ruleset, makeReady);
    if (rules.length === 0) return this.#applyLists(lists);
    const listing = await listTable();
    if (listing === undefined) return this.#applyFresh(ruleset, makeReady);
    const isReshaped = listSets(ruleset).some((set) => isOtherwise(set, listing));
    const isChanged = lists.some((difference) => listing.sets.has(setNameOf(difference)));
    if (!isChanged && !isReshaped) return this.#applyRules(ruleset, listing);
    return this.#applyWhole(ruleset, listing);
  }

  async flush(): Promise<void> {
    this.#written = undefined;
    await runCommands(command.removeTable());
  }

  async bootFiles(plan: Plan): Promise<ReadonlyMap<string, string>> {
    const isWritten = this.#written?.wanted === wantedHash(rulesetOf(plan));
    const marks = isWritten ? this.#written?.marks : (await listTable())?.marks;
    return new Map([[BOOT_FILE, bootRuleset(plan, marks, Date.now())]]);
  }

  async loadBoot(folder: string): Promise<void> {
    this.#written = undefined;
    await runCommandText(bootRulesetAt(readBootFile(join(folder, BOOT_FILE)), Date.now()));
  }

  sealRules(): string | undefined {
    return this.#elements.sealRules();
  }

  async countDenied(): Promise<DenyCount[]> {
    const counters = await list('list', 'counters', 'table', TABLE.family, TABLE.name);
    return countDenied(counters ?? []);
  }

  async listHits(): Promise<Hit[]> {
    const listing = await listTable();
    return listHits([...(listing?.sets.keys() ?? [])]);
  }

  async #applyFresh(ruleset: NftRuleset, makeReady: MakeReady): Promise<void> {
    const making = runCommands([command.createTable(), ...command.makeObjects(ruleset)]);
    const preparing = new Promise<() => Promise<void>>((resolve) => {
      resolve(this.#elements.prepare(fillingOf(ruleset.sets))); // while nft is at work
    });
    awaitLater(preparing);
    await making;
    try {
      const fill = await preparing;
      // nft reads every element for a terse listing too: begun before the kernel takes them
      const listing = this.#listing();
      awaitLater(listing);
      const filling = fill();
      awaitLater(filling);
      try {
        const write = makeReady(); // while both are at work
        const marks = marksOf(ruleset, await listing);
        write(marks);
        await filling;
        const hooks = ruleset.hooks.flatMap(command.addHook);
        await runCommands([...hooks, ...command.writeMarks(marks)]);
        this.#written = { wanted: wantedHash(ruleset), marks };
      } finally {
        await filling; // nothing is undone before that is done
      }
    } catch (error) {
      // what was made has no hook and judged nothing: take it away again
      await runCommands(command.removeTable());
      throw error;
    }
  }

  /** Only what changed; all of a set where somebody else put elements into it in other pieces. */
  async #applyLists(lists: readonly ListDifference[]): Promise<void> {
    try {
      await this.#elements.prepare(lists.map(changeOf))();
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      await this.#elements.prepare(lists.map(refillOf))();
    }
  }

  /** Lists are as they should be, but for sets that are missing: those are filled first. */
  async #applyRules(ruleset: NftRuleset, listing: TableListing): Promise<void> {
    const fresh = listSets(ruleset).filter((set) => !listing.sets.has(set.name));
    await runCommands(fresh.map((set) => command.addSet(set)));
    await this.#elements.prepare(fillingOf(fresh))();
    await runCommands(replaceRules(ruleset, listing, new Set(fresh.map(({ name }) => name))));
    await this.#mark(ruleset);
  }

  async #applyWhole(ruleset: NftRuleset, listing: TableListing): Promise<void> {
    const nowMs = Date.now();
    const sets = listSets(ruleset);
    const kept = sets.filter((set) => !isOtherwise(set, listing));
    const before = kept.flatMap((set) => [
      listing.sets.has(set.name) ? command.flushSet(set.name) : command.addSet(set),
      ...fillCommands(set, nowMs),
    ]);
    const filled = new Set(kept.map(({ name }) => name));
    // a set of another kind goes, once no rule refers to it, and comes anew
    const anew = sets.filter((set) => !filled.has(set.name));
    await runCommands([
      ...before,
      ...replaceRules(ruleset, listing, filled),
      ...anew.flatMap((set) => fillCommands(set, nowMs)),
    ]);
    await this.#mark(ruleset);
  }

  /** The marks tell at the next compare that the rules are those that were loaded. */
  async #mark(ruleset: NftRuleset): Promise<void> {
    const listing = await this.#listing();
    const marks = marksOf(ruleset, listing);
    // a table that others put to sleep wakes when its rules are right
    const wake = listing.isFlagged ? [command.addTable()] : [];
    await runCommands([...wake, ...command.writeMarks(marks)]);
    this.#written = { wanted: wantedHash(ruleset), marks };
  }

  async #listing(): Promise<TableListing> {
    const listing = await listTable();
    if (listing) return listing;
    throw new SystemError('the table inet sekisho went away while it was being made');
  }
}

/** For work that goes on while this waits for other work: until it is awaited, a failure is kept. */
function awaitLater(work: Promise<unknown>): void {
  work.catch(() => undefined);
}

/** Tells where an error may come from what others put into our table, and what helps. */
async function withHint<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const foreign = (await listTable())?.foreign ?? [];
    if (foreign.length === 0) throw error;
    throw new SystemError(
      `${messageOf(error)}; the table inet sekisho holds what others put there ` +
        `(${foreign.join(', ')}): \`sekisho flush\` takes the table away, and \`sekisho apply\` ` +
        'makes it anew',
      { cause: error },
    );
  }
}

function readBootFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new SystemError(
      `${path} cannot be read: ${messageOf(error)}; expected what an apply wrote there`,
    );
  }
}

/**
 * Commands that empty our chains, remove what the ruleset no longer has, and make the rest.
 *
 * @param made sets that stand already, besides those listed
 */
function replaceRules(
  ruleset: NftRuleset,
  listing: TableListing,
  made: ReadonlySet<string>,
): Json[] {
  // a chain that stands cannot change its priority: it goes and comes in the same transaction
  const isHookedAnew = listing.hookHash !== expectedHookHash(ruleset);
  const chains = new Set([...ruleset.hooks, ...ruleset.chains].map(({ name }) => name));
  const sets = new Map(ruleset.sets.map((set) => [set.name, set]));
  const counters = new Set(ruleset.counters);
  const oldSets = [...listing.sets]
    .filter(([name, limits]) => !isSame(sets.get(name), limits))
    .map(([name]) => name);
  const oldCounters = [...listing.counters].filter((name) => !counters.has(name));
  const kept = new Set([...listing.sets.keys(), ...listing.counters, ...made]);
  for (const name of [...oldSets, ...oldCounters]) kept.delete(name);
  return [
    ...[...listing.chains].map(command.flushChain),
    ...[...listing.chains]
      .filter((name) => !chains.has(name) || (isHookedAnew && listing.hooks.has(name)))
      .map((name) => command.remove('chain', name)),
    ...oldCounters.map((name) => command.remove('counter', name)),
    ...oldSets.map((name) => command.remove('set', name)),
    ...command.makeObjects(ruleset, (name) => kept.has(name)),
    ...ruleset.hooks.flatMap(command.addHook),
  ];
}

/** Whether a set that stands may stay: sets cannot change their size, timeout or flags. */
function isSame(wanted: NftSet | undefined, { size, timeout, isTimed }: SetLimits): boolean {
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
function isOtherwise(set: NftSet, listing: TableListing): boolean {
  const limits = listing.sets.get(set.name);
  return limits !== undefined && !isSame(set, limits);
}

function fillCommands({ name, ranges, timed }: NftSet, nowMs: number): Json[] {
  if (timed) return command.addElements(name, timedElementsOf(timed, nowMs));
  return command.addElements(name, ranges ? elementsOf(ranges) : []);
}

/** Fills sets that are empty. */
function fillingOf(sets: readonly NftSet[]): ElementChange[] {
  return sets.flatMap(({ name, family, ranges, timed }) => {
    const add = timed ?? ranges;
    if (add === undefined || add.isEmpty) return [];
    return [{ set: name, flush: false, add, remove: RangeSet.empty(family) }];
  });
}

/** The sets that hold lists. */
function listSets(ruleset: NftRuleset): (NftSet & { ranges: RangeSet })[] {
  return ruleset.sets.flatMap((set) =>
    set.ranges === undefined ? [] : [{ ...set, ranges: set.ranges }],
  );
}

function marksOf(ruleset: NftRuleset, { hash }: TableListing): string {
  return `wanted=${wantedHash(ruleset)} held=${hash}`;
}

/** A hash of the rules that are wanted; elements of lists are compared by themselves. */
function wantedHash({ sets, counters, chains, hooks }: NftRuleset): string {
  const definitions = sets.map(({ definition }) => definition);
  return hashOf(JSON.stringify({ definitions, counters, chains, hooks }));
}

function ruleDifferences(ruleset: NftRuleset, listing: TableListing): string[] {
  const differences: string[] = [];
  const [, wanted, held] = /^wanted=(\w+) held=(\w+)$/.exec(listing.marks ?? '') ?? [];
  if (wanted === undefined) differences.push('the rules carry no mark of ours');
  else if (wanted !== wantedHash(ruleset)) differences.push('the rules are those of another plan');
  else if (held !== listing.hash) differences.push('chains, rules or sets were changed by others');
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

/** What `summarise` makes of our hooks where nobody touched them. */
function expectedHookHash({ hooks }: NftRuleset): string {
  const table = { family: TABLE.family, table: TABLE.name };
  const facts = hooks.flatMap(({ name, hook, prio, target }) => [
    `chain ${JSON.stringify({ family: TABLE.family, table: TABLE.name, name, type: 'filter', hook, prio, policy: 'accept' })}`,
    `rules of ${name} ${JSON.stringify({ ...table, chain: name, expr: [{ jump: { target } }] })}`,
  ]);
  return hashOf(facts.sort().join('\n'));
}

function missingLists(ruleset: NftRuleset): ListDifference[] {
  return ruleset.sets.flatMap((set) =>
    set.ranges === undefined ? [] : (missingList(set, set.ranges) ?? []),
  );
}

function missingList(set: NftSet, ranges: RangeSet): ListDifference | undefined {
  if (set.timed) return endDifference(listOf(set), set.timed, heldNothing(set.family));
  return differenceOf(set, ranges, RangeSet.empty(set.family));
}

function heldNothing(family: Family): HeldTimes {
  const nowMs = Date.now();
  const ranges = TimedRanges.permanent(RangeSet.empty(family));
  return { ranges, fromMs: nowMs, toMs: nowMs };
}

function listOf({ name }: NftSet): string {
  return name.replace(/_v[46]$/, '');
}

function differenceOf(set: NftSet, wanted: RangeSet, held: RangeSet): ListDifference | undefined {
  if (wanted.equals(held)) return undefined;
  return {
    list: listOf(set),
    family: set.family,
    wanted,
    held,
    missing: subtract(wanted, held),
    surplus: subtract(held, wanted),
  };
}

function setNameOf({ list: name, family }: ListDifference): string {
  return `${name}_v${family}`;
}
