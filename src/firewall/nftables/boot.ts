import type { RangeSet } from '../../ip/range-set.js';
import type { Plan } from '../../policy/plan.js';
import * as command from './commands.js';
import { type Json, elementsOf } from './expressions.js';
import { TABLE } from './names.js';
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
  return fileOf(commands.map((line) => JSON.stringify(line)));
}

/** A command is a line. */
function fileOf(lines: readonly string[]): string {
  return `{"nftables":[\n${lines.join(',\n')}\n]}\n`;
}

/**
 * The same file with other elements in one set; undefined where the file has no such set. Pure.
 *
 * @param text what `bootRuleset` made
 */
export function withElements(text: string, name: string, ranges: RangeSet): string | undefined {
  const start = JSON.stringify({ family: TABLE.family, table: TABLE.name, name }).slice(0, -1);
  const lines = text
    .split('\n')
    .slice(1, -2)
    .map((line) => line.replace(/,$/, ''))
    .filter((line) => !line.startsWith(`{"add":{"element":${start},`));
  const at = lines.findIndex((line) => line.startsWith(`{"add":{"set":${start},`));
  if (at < 0) return undefined;
  const elements = command.addElements(name, elementsOf(ranges));
  return fileOf(lines.toSpliced(at + 1, 0, ...elements.map((line) => JSON.stringify(line))));
}
