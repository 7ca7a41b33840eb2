import { type ChainRule, chainsOf } from '../../formats/prefix-chains.js';
import { withoutZeroLength } from '../../formats/text.js';
import type { Family } from '../../ip/family.js';
import { RangeSet } from '../../ip/range-set.js';
import type { Plan } from '../../policy/plan.js';
import { tableOf } from './build-table.js';
import { type JudgeChain, type ListRule, judgementsOf } from './judgement.js';
import { continuationChain, treeChain, treeName } from './names.js';
import type { Rule, Tables } from './table.js';

/** The chains that hold one list for one chain of the plan. */
export interface Tree {
  readonly name: string;
  readonly list: string;
  readonly ranges: RangeSet;
  /** Verdict on addresses of the list. */
  readonly verdict: string;
  /** Names and rules, the way in first. */
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
}

export interface TreeRules {
  readonly tables: Tables;
  readonly trees: readonly Tree[];
}

/**
 * The chains of a plan for one family on a host without ipset: a list is a tree of chains
 * (`prefix-chains.ts`), one for each place that asks for it, since a chain cannot answer yes
 * or no, but only go on to one chain or the other. Where a chain asks for a list it ends, and
 * the rest of it goes on in a chain of its own, to which the tree sends who is not in the list.
 * Pure.
 *
 * @throws UsageError where names cannot be told apart
 */
export function treeRulesOf(plan: Plan, family: Family): TreeRules {
  const judgements = judgementsOf(plan, family);
  const chains: [string, readonly Rule[]][] = [];
  const trees: Tree[] = [];
  for (const chain of judgements.mangle) divide(chain, plan, family, chains, trees);
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
function divide(
  chain: JudgeChain,
  plan: Plan,
  family: Family,
  chains: [string, readonly Rule[]][],
  trees: Tree[],
): void {
  let name = chain.name;
  let rules: Rule[] = [];
  const asked = new Set<string>();
  for (const [index, rule] of chain.rules.entries()) {
    if (typeof rule === 'string') {
      rules.push({ text: rule });
      continue;
    }
    if (asked.has(rule.list)) continue; // nobody who is in it comes here
    asked.add(rule.list);
    const isLast = index === chain.rules.length - 1;
    const next = isLast ? undefined : continuationChain(chain.name, rule.list);
    const tree = treeOf(treeName(chain.name, rule.list), rule, next, rangesOf(plan, rule, family));
    trees.push(tree);
    chains.push([name, [...rules, { text: `-g ${treeChain(tree.name, 0)}` }]]);
    if (next === undefined) return;
    name = next;
    rules = [];
  }
  chains.push([name, rules]);
}

function treeOf(name: string, rule: ListRule, next: string | undefined, ranges: RangeSet): Tree {
  const option = rule.end === 'src' ? '-s' : '-d';
  const ruleTexts = ({ prefix, next: below }: ChainRule): Rule[] => {
    if (below !== undefined) {
      return [{ text: `${option} ${prefix} -g ${treeChain(name, below)}` }];
    }
    return withoutZeroLength(prefix).map((part) => ({
      text: `${option} ${part} ${rule.verdict}`,
    }));
  };
  const miss = next === undefined ? [] : [{ text: `-g ${next}` }];
  const chains = new Map<string, readonly Rule[]>();
  for (const [index, tests] of chainsOf(ranges).entries()) {
    chains.set(treeChain(name, index), [...tests.flatMap(ruleTexts), ...miss]);
  }
  return { name, list: rule.list, ranges, verdict: rule.verdict, chains };
}

function rangesOf({ lists }: Plan, { list }: ListRule, family: Family): RangeSet {
  const set = lists.get(list);
  return (family === 4 ? set?.v4 : set?.v6) ?? RangeSet.empty(family);
}

function asRule(rule: string | ListRule): Rule {
  if (typeof rule === 'string') return { text: rule };
  throw new Error(`a chain of filter asks for the list ${rule.list}`);
}
