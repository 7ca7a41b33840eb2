import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { subtract } from '../../ip/algebra.js';
import type { Family } from '../../ip/family.js';
import { RangeSet } from '../../ip/range-set.js';
import { timedOf } from '../../ip/timed-address-set.js';
import { TimedRanges } from '../../ip/timed-ranges.js';
import type { Plan } from '../../policy/plan.js';
import { SystemError } from '../../util/errors.js';
import type { Backend, DenyCount, Difference, Hit, ListDifference } from '../backend.js';
import { type HeldTimes, endDifference } from '../end-difference.js';
import { SETS_FILE, bootRules, bootSets, readBootSets, rulesFile } from './boot.js';
import { countsOf } from './counts.js';
import { destroySets, findIpsetObstacle, listOurSets, readSet, restoreSets } from './ipset.js';
import { forEachOf } from './for-each.js';
import { isNewSet, listSet, newSet } from './names.js';
import { IptablesPrograms, type Variant, hostFamilies } from './programs.js';
import { readRulesFiles } from './rules-files.js';
import {
  type WantedRules,
  applyRules,
  flushRules,
  holdsNothing,
  ruleDifferences,
} from './rules.js';
import { setRulesOf } from './set-rules.js';
import { renewableEndAt, sameKernelEndAt } from './set-timeouts.js';
import { findSleeping } from './sleeping-tables.js';
import { type SetContents, emptySetLine, newSetLines } from './sets.js';

/**
 * Lists in ipsets, rules in iptables and ip6tables. Sets come before rules: each that differs
 * is made anew beside the live one and swapped with it, which is atomic a set. Then the rules
 * change, atomically a family and table. What is not wanted any more goes last.
 */
export class IpsetBackend implements Backend {
  readonly name = 'ipset';
  readonly #programs: IptablesPrograms;

  /** @param variant of iptables; left out, the one that the host uses */
  constructor(variant?: Variant) {
    this.#programs = new IptablesPrograms(variant);
  }

  async findObstacle(): Promise<string | undefined> {
    return (await findIpsetObstacle()) ?? (await this.#programs.findObstacle());
  }

  async compare(plan: Plan): Promise<Difference> {
    const wanted = wantedSets(plan);
    const standing = new Set(await listOurSets());
    const rules: string[] = [];
    const lists: ListDifference[] = [];
    const held = await Promise.all(
      wanted.map(async ({ name, ranges }) =>
        standing.has(name) ? readOwnSet(name, ranges.family) : undefined,
      ),
    );
    const renewals: ListDifference[] = [];
    for (const [index, set] of wanted.entries()) {
      const holds = held[index];
      if (holds === undefined) rules.push(`the set ${set.name} is missing`);
      const difference = differenceOf(set, holds);
      if (difference) lists.push(difference);
      const renewal = difference ? undefined : renewalOf(set, holds);
      if (renewal) renewals.push(renewal);
    }
    for (const name of staleSets(wanted, standing)) {
      rules.push(
        isNewSet(name)
          ? `${name} is left from an apply that was cut off`
          : `the set ${name} is not wanted any more`,
      );
    }
    let present = standing.size > 0;
    for (const { family, tables } of await this.#programs.readAll()) {
      present ||= !holdsNothing(tables);
      rules.push(...ruleDifferences(family, setRulesOf(plan, family), tables));
    }
    const asleep = await findSleeping(this.#programs, wantedRules(plan));
    return {
      present,
      rules,
      lists,
      ...(renewals.length > 0 && { renewals }),
      ...(asleep.length > 0 && { asleep }),
    };
  }

  async apply(plan: Plan, { rules, lists: differing, renewals = [] }: Difference): Promise<void> {
    const lists = [...differing, ...renewals];
    if (rules.length === 0 && lists.length === 0) return;
    const changed = wantedSets(plan).filter(({ list, ranges: { family } }) =>
      lists.some((of) => of.list === list && of.family === family),
    );
    const names = new Set(changed.map(({ name }) => name));
    await this.#load(wantedSets(plan), names, rules.length > 0 ? wantedRules(plan) : new Map());
  }

  async bootFiles(plan: Plan): Promise<ReadonlyMap<string, string>> {
    const files = new Map([[SETS_FILE, bootSets(wantedSets(plan), Date.now())]]);
    for (const { family, tables } of await this.#programs.readAll()) {
      files.set(rulesFile(family), bootRules(setRulesOf(plan, family), tables));
    }
    return files;
  }

  async loadBoot(folder: string): Promise<void> {
    const sets = readBootSets(readFileSync(join(folder, SETS_FILE), 'utf8'));
    await this.#load(sets, new Set(sets.map(({ name }) => name)), readRulesFiles(folder));
  }

  /** @param changed names of sets to be replaced; those that are missing are made */
  async #load(
    wanted: readonly SetContents[],
    changed: ReadonlySet<string>,
    rules: WantedRules,
  ): Promise<void> {
    const standing = new Set(await listOurSets());
    await destroySets([...standing].filter(isNewSet));
    const made = new Set(wanted.map(({ name }) => name).filter((name) => !standing.has(name)));
    const replaced = wanted.filter(({ name }) => changed.has(name) || made.has(name));
    const swaps = replaced.map(({ name }, index) => `swap ${newSet(index)} ${name}`);
    let swapped = false;
    const nowMs = Date.now();
    try {
      await restoreSets([
        ...replaced.filter(({ name }) => made.has(name)).map(emptySetLine),
        ...replaced.flatMap((set, index) => newSetLines({ ...set, name: newSet(index) }, nowMs)),
      ]);
      await restoreSets(swaps);
      swapped = true;
      await applyRules(this.#programs, rules);
    } catch (error) {
      if (swapped) await restoreSets(swaps);
      await destroySets((await listOurSets()).filter((name) => isNewSet(name) || made.has(name)));
      throw error;
    }
    await destroySets(staleSets(wanted, new Set(await listOurSets())));
  }

  async flush(): Promise<void> {
    const rules = async (): Promise<void> => flushRules(this.#programs, hostFamilies());
    const sets = async (): Promise<void> => destroySets(await listOurSets());
    await forEachOf([rules, sets], (step) => step());
  }

  async countDenied(): Promise<DenyCount[]> {
    return countsOf((await this.#programs.readAll()).map(({ tables }) => tables));
  }

  /** Nothing remembers addresses here: they are in the kernel's log, where a rule says `log`. */
  async listHits(): Promise<Hit[]> {
    return Promise.resolve([]);
  }
}

interface WantedSet extends SetContents {
  readonly list: string;
}

function wantedSets(plan: Plan): WantedSet[] {
  return [...plan.lists].flatMap(([list, { v4, v6 }]) =>
    hostFamilies().map((family) => {
      const times = plan.times.get(list);
      return {
        name: listSet(list, family),
        list,
        ranges: family === 4 ? v4 : v6,
        ...(times && { timed: timedOf(times, family) }),
      };
    }),
  );
}

function wantedRules(plan: Plan): WantedRules {
  return new Map(hostFamilies().map((family) => [family, setRulesOf(plan, family)]));
}

function staleSets(wanted: readonly SetContents[], standing: ReadonlySet<string>): string[] {
  const names = new Set(wanted.map(({ name }) => name));
  return [...standing].filter((name) => !names.has(name));
}

type Holds = Awaited<ReturnType<typeof readSet>>;

async function readOwnSet(name: string, family: Family): Promise<Holds> {
  const holds = await readSet(name, family);
  if (holds.isOurType) return holds;
  throw new SystemError(
    `the set ${name} is not of type hash:net, family inet${family === 6 ? '6' : ''}, without a ` +
      'timeout for all, as we make it: somebody else did; run `sekisho flush`, or `ipset destroy` it',
  );
}

/** @param holds undefined where there is no such set */
function differenceOf(
  { list, ranges, timed }: WantedSet,
  holds: Holds | undefined,
): ListDifference | undefined {
  const { family } = ranges;
  const held = holds?.ranges ?? RangeSet.empty(family);
  const isSameKind = holds === undefined || (holds.timed === undefined) === (timed === undefined);
  if (timed && isSameKind) {
    const times = heldTimes(holds, family);
    return endDifference(list, timed, times, sameKernelEndAt(times));
  }
  // a set of the other kind is replaced, whatever it holds
  if (isSameKind && ranges.equals(held)) return undefined;
  return {
    list,
    family,
    wanted: ranges,
    held,
    missing: subtract(ranges, held),
    surplus: subtract(held, ranges),
  };
}

/** Timers that cannot reach to the end, and have not long to run. */
function renewalOf(
  { list, timed }: WantedSet,
  holds: Holds | undefined,
): ListDifference | undefined {
  if (timed === undefined || holds === undefined) return undefined;
  const times = heldTimes(holds, timed.family);
  return endDifference(list, timed, times, renewableEndAt(times));
}

function heldTimes(holds: Holds | undefined, family: Family): HeldTimes {
  const nowMs = Date.now();
  const { timed, fromMs = nowMs, toMs = nowMs } = holds ?? {};
  return { ranges: timed ?? TimedRanges.permanent(RangeSet.empty(family)), fromMs, toMs };
}
