import { type ChainRule, chainsOf } from '../../formats/prefix-chains.js';
import { withoutZeroLength } from '../../formats/text.js';
import type { Family } from '../../ip/family.js';
import { RangeSet } from '../../ip/range-set.js';
import { timedOf } from '../../ip/timed-address-set.js';
import { NEVER, type TimedRanges } from '../../ip/timed-ranges.js';
import type { Plan } from '../../policy/plan.js';
import { tableOf } from './build-table.js';
import { type JudgeChain, type JudgeRule, type ListRule, judgementsOf } from './judgement.js';
import { continuationChain, treeChain, treeName } from './names.js';
import type { Rule, Table, Tables } from './table.js';
import { TimedPrefixes, sayableEnds } from './timed-prefixes.js';

/** The chains that hold one list for one chain of the plan. */
export interface Tree {
  readonly name: string;
  readonly list: string;
  readonly ranges: RangeSet;
  /** When they end, where any do. */
  readonly timed?: TimedRanges;
  /** Verdict on addresses of the list. */
  readonly verdict: string;
  /** Names and rules, the way in first. */
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
}

export interface TreeRules {
  readonly tables: Tables;
  readonly trees: readonly Tree[];
}

/** nf_tables refuses more chains one below the other ("Too many links"). */
const MAX_DEPTH = 15;
/** Chains one below the other in a tree: three of thirty-two rules hold 32,768 prefixes. */
const TREE_DEPTH = 3;

/**
 * The chains of a plan for one family on a host without ipset: a list is a tree of chains
 * (`prefix-chains.ts`), one for each place that asks for it, since a chain cannot answer yes
 * or no, but only go on to one chain or the other. Where a chain asks for a list it ends, and
 * the rest of it goes on in a chain of its own, to which the tree sends who is not in the list.
 * Where that makes too many chains one below the other, trees get flatter and chains longer.
 * Pure.
 *
 * @throws UsageError where names cannot be told apart
 */
export function treeRulesOf(plan: Plan, family: Family): TreeRules {
  for (let treeDepth = TREE_DEPTH; ; treeDepth--) {
    const rules = rulesWithTrees(plan, family, treeDepth);
    if (treeDepth === 1 || depthOf(rules.tables.mangle) <= MAX_DEPTH) return rules;
  }
}

function rulesWithTrees(plan: Plan, family: Family, treeDepth: number): TreeRules {
  const judgements = judgementsOf(plan, family);
  const chains: (readonly [string, readonly Rule[]])[] = [];
  const trees: Tree[] = [];
  for (const chain of judgements.mangle) {
    const divided = new ChainDivider(chain, (list) => treeChains(plan, list, family, treeDepth));
    chains.push(...divided.chains);
    trees.push(...divided.trees);
  }
  for (const tree of trees) chains.push(...tree.chains);
  return {
    tables: {
      filter: tableOf(
        judgements.filter.map(({ name, rules }) => [name, rules.map(asRule)]),
        judgements.filterHooks,
      ),
      mangle: tableOf(chains, judgements.mangleHooks),
    },
    trees,
  };
}

/** Cuts a chain at each question to a list. */
class ChainDivider {
  readonly chains: (readonly [string, readonly Rule[]])[] = [];
  readonly trees: Tree[] = [];
  readonly #name: string;
  readonly #rules: readonly JudgeRule[];
  readonly #contents: (list: string) => TreeContents;

  constructor(chain: JudgeChain, contents: (list: string) => TreeContents) {
    this.#name = chain.name;
    this.#rules = withoutRepeatedLists(chain.rules);
    this.#contents = contents;
    this.chains.push([chain.name, this.#rulesFrom(0)]);
  }

  /** Rules up to the next list, and the way to it. */
  #rulesFrom(index: number): Rule[] {
    const rule = this.#rules[index];
    if (rule === undefined) return [];
    if (typeof rule === 'string') return [{ text: rule }, ...this.#rulesFrom(index + 1)];
    return [{ text: `-g ${this.#treeOf(rule, index)}` }];
  }

  /** The chain where it goes on behind the list `after`; undefined at the end. */
  #entryOf(index: number, after: string): string | undefined {
    const rule = this.#rules[index];
    if (rule === undefined) return undefined;
    if (typeof rule !== 'string') return this.#treeOf(rule, index);
    if (rule.startsWith('-g ')) return rule.slice(3);
    const name = continuationChain(this.#name, after);
    this.chains.push([name, this.#rulesFrom(index)]);
    return name;
  }

  /** Makes the tree of a list; returns the name of the way in. */
  #treeOf(rule: ListRule, index: number): string {
    const name = treeName(this.#name, rule.list);
    const contents = this.#contents(rule.list);
    const { ranges, timed } = contents;
    const next = this.#entryOf(index + 1, rule.list);
    this.trees.push({
      name,
      list: rule.list,
      ranges,
      ...(timed && { timed }),
      verdict: rule.verdict,
      chains: treeRules(name, rule, contents, next),
    });
    return treeChain(name, 0);
  }
}

/** A list, and the tests by which chains find an address in it. */
interface TreeContents {
  readonly ranges: RangeSet;
  readonly timed?: TimedRanges;
  readonly tests: readonly (readonly ChainRule[])[];
  /** How rules ask for the time, by prefix, of those that end. */
  readonly timeMatches?: ReadonlyMap<string, string>;
}

function treeChains(plan: Plan, list: string, family: Family, depth: number): TreeContents {
  const ranges = rangesOf(plan, list, family);
  const times = plan.times.get(list);
  const timed = times && sayableEnds(timedOf(times, family));
  if (timed?.endsMs.some((endMs) => endMs !== NEVER)) {
    const prefixes = new TimedPrefixes(timed);
    return { ranges, timed, tests: chainsOf(prefixes, depth), timeMatches: prefixes.timeMatches() };
  }
  return { ranges, tests: chainsOf(ranges, depth) };
}

function treeRules(
  name: string,
  { end, verdict }: ListRule,
  { tests, timeMatches }: TreeContents,
  next: string | undefined,
): Map<string, readonly Rule[]> {
  const option = end === 'src' ? '-s' : '-d';
  const miss = next === undefined ? [] : [{ text: `-g ${next}` }];
  const timeOf = (prefix: string): string => timeMatches?.get(prefix) ?? '';
  const ruleTexts = ({ prefix, next: below }: ChainRule): Rule[] =>
    below === undefined
      ? withoutZeroLength(prefix).map((part) => ({
          text: `${option} ${part}${timeOf(prefix)} ${verdict}`,
        }))
      : [{ text: `${option} ${prefix} -g ${treeChain(name, below)}` }];
  const chains = new Map<string, readonly Rule[]>();
  for (const [index, chain] of tests.entries()) {
    chains.set(treeChain(name, index), [...chain.flatMap(ruleTexts), ...miss]);
  }
  return chains;
}

/** Nobody who is in a list comes to a second question for it. */
function withoutRepeatedLists(rules: readonly JudgeRule[]): JudgeRule[] {
  const asked = new Set<string>();
  return rules.filter((rule) => {
    if (typeof rule === 'string') return true;
    const isFirst = !asked.has(rule.list);
    asked.add(rule.list);
    return isFirst;
  });
}

/** How many chains of a table lie one below the other at most. */
export function depthOf({ chains }: Table): number {
  const depths = new Map<string, number>();
  const depth = (name: string): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    let below = 0;
    for (const { text } of chains.get(name) ?? []) {
      const target = / ?-[jg] (\S+)$/.exec(text)?.[1];
      if (target !== undefined && chains.has(target)) below = Math.max(below, depth(target));
    }
    depths.set(name, below + 1);
    return below + 1;
  };
  let deepest = 0;
  for (const name of chains.keys()) deepest = Math.max(deepest, depth(name));
  return deepest;
}

function rangesOf({ lists }: Plan, list: string, family: Family): RangeSet {
  const set = lists.get(list);
  return (family === 4 ? set?.v4 : set?.v6) ?? RangeSet.empty(family);
}

function asRule(rule: string | ListRule): Rule {
  if (typeof rule === 'string') return { text: rule };
  throw new Error(`a chain of filter asks for the list ${rule.list}`);
}
