import type { Plan } from '../../policy/plan.js';
import * as command from './commands.js';
import { type Json, elementsOf } from './expressions.js';
import { rulesetOf } from './ruleset.js';

/** Name of the file that `nft -j -f` loads at boot. */
export const BOOT_FILE = 'ruleset.json';

/**
 * A ready ruleset as libnftables JSON: one transaction that replaces our table, whether or not
 * it stands, and touches nothing else. Pure.
 *
 * @param marks as the kernel holds them after an apply of the same plan
 */
export function bootRuleset(plan: Plan, marks: string | undefined): string {
  const ruleset = rulesetOf(plan);
  const commands: Json[] = [
    ...command.removeTable(),
    command.addTable(),
    ...command.makeObjects(ruleset),
    ...ruleset.sets.flatMap(({ name, ranges }) =>
      ranges === undefined ? [] : command.addElements(name, elementsOf(ranges)),
    ),
    ...ruleset.hooks.flatMap(command.addHook),
    ...(marks === undefined ? [] : command.writeMarks(marks)),
  ];
  return JSON.stringify({ nftables: commands }) + '\n';
}
