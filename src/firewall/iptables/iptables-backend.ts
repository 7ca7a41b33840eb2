import type { Family } from '../../ip/family.js';
import { TimedRanges } from '../../ip/timed-ranges.js';
import type { Plan } from '../../policy/plan.js';
import type { Backend, DenyCount, Difference, Hit, ListDifference } from '../backend.js';
import { endDifference } from '../end-difference.js';
import { bootRules, rulesFile } from './boot.js';
import { countsOf } from './counts.js';
import { isTreeChain } from './names.js';
import { IptablesPrograms, type Variant, hostFamilies } from './programs.js';
import { readRulesFiles } from './rules-files.js';
import { applyRules, flushRules, holdsNothing, ruleDifferences } from './rules.js';
import { findSleeping } from './sleeping-tables.js';
import type { Tables } from './table.js';
import { heldTree, isOfTree } from './tree-listing.js';
import { type TreeRules, treeRulesOf } from './tree-rules.js';

/**
 * iptables and ip6tables alone, for hosts whose kernel has no ipset: lists are chains. Rules and
 * lists change in one commit a family and table; only chains that differ are written.
 */
export class IptablesBackend implements Backend {
  readonly name = 'iptables';
  readonly #programs: IptablesPrograms;

  /** @param variant of iptables; left out, the one that the host uses */
  constructor(variant?: Variant) {
    this.#programs = new IptablesPrograms(variant);
  }

  async findObstacle(): Promise<string | undefined> {
    return this.#programs.findObstacle();
  }

  async compare(plan: Plan): Promise<Difference> {
    const rules: string[] = [];
    const lists: ListDifference[] = [];
    let present = false;
    const wantedRules = new Map<Family, Tables>();
    for (const { family, tables: held } of await this.#programs.readAll()) {
      const wanted = treeRulesOf(plan, family);
      wantedRules.set(family, wanted.tables);
      present ||= !holdsNothing(held);
      rules.push(...ruleDifferences(family, wanted.tables, held));
      const differences = listDifferences(family, wanted, held);
      lists.push(...differences.lists);
      rules.push(...differences.rules);
    }
    const asleep = await findSleeping(this.#programs, wantedRules);
    return { present, rules, lists, ...(asleep.length > 0 && { asleep }) };
  }

  async apply(plan: Plan, { rules, lists }: Difference): Promise<void> {
    if (rules.length === 0 && lists.length === 0) return;
    const wanted = hostFamilies().map(
      (family) => [family, treeRulesOf(plan, family).tables] as const,
    );
    await applyRules(this.#programs, new Map(wanted));
  }

  async bootFiles(plan: Plan): Promise<ReadonlyMap<string, string>> {
    const files = new Map<string, string>();
    for (const { family, tables } of await this.#programs.readAll()) {
      files.set(rulesFile(family), bootRules(treeRulesOf(plan, family).tables, tables));
    }
    return files;
  }

  async loadBoot(folder: string): Promise<void> {
    await applyRules(this.#programs, readRulesFiles(folder));
  }

  async flush(): Promise<void> {
    await flushRules(this.#programs, hostFamilies());
  }

  async countDenied(): Promise<DenyCount[]> {
    return countsOf((await this.#programs.readAll()).map(({ tables }) => tables));
  }

  /** Nothing remembers addresses here: they are in the kernel's log, where a rule says `log`. */
  async listHits(): Promise<Hit[]> {
    return Promise.resolve([]);
  }
}

/** A list is told once, however many chains hold it. */
function listDifferences(
  family: Family,
  { trees, tables }: TreeRules,
  held: Tables,
): { rules: string[]; lists: ListDifference[] } {
  const rules: string[] = [];
  const nowMs = Date.now();
  const lists = new Map<string, ListDifference>();
  for (const tree of trees) {
    const { isWhole, held: ranges } = heldTree(tree, held.mangle);
    if (isWhole) continue;
    const wanted = tree.timed ?? TimedRanges.permanent(tree.ranges);
    const difference = endDifference(tree.list, wanted, { ranges, fromMs: nowMs, toMs: nowMs });
    if (difference === undefined) {
      rules.push(`IPv${family}: the chains ${tree.name}-* were changed by others`);
    } else if (!lists.has(tree.list)) {
      lists.set(tree.list, difference);
    }
  }
  const wanted = tables.mangle.chains;
  for (const name of held.mangle.chains.keys()) {
    if (isTreeChain(name) && !wanted.has(name) && !trees.some((tree) => isOfTree(tree, name))) {
      rules.push(`IPv${family}: the chain ${name} is not wanted any more`);
    }
  }
  return { rules, lists: [...lists.values()] };
}
