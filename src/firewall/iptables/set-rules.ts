import type { Family } from '../../ip/family.js';
import type { Plan } from '../../policy/plan.js';
import { type JudgeChain, type JudgeRule, judgementsOf } from './judgement.js';
import { tableOf } from './build-table.js';
import { listSet } from './names.js';
import type { Rule, Tables } from './table.js';

/**
 * The chains of a plan for one family, with lists in ipsets `sekisho-LIST_v4`. Pure.
 *
 * @throws UsageError where a name is too long
 */
export function setRulesOf(plan: Plan, family: Family): Tables {
  const judgements = judgementsOf(plan, family);
  const rulesOf = ({ rules }: JudgeChain): Rule[] =>
    rules.map((rule) => ({ text: textOf(rule, family) }));
  const chains = (from: readonly JudgeChain[]): [string, Rule[]][] =>
    from.map((chain) => [chain.name, rulesOf(chain)]);
  return {
    filter: tableOf(chains(judgements.filter), judgements.filterHooks),
    mangle: tableOf(chains(judgements.mangle), judgements.mangleHooks),
  };
}

function textOf(rule: JudgeRule, family: Family): string {
  if (typeof rule === 'string') return rule;
  return `-m set --match-set ${listSet(rule.list, family)} ${rule.end} ${rule.verdict}`;
}
