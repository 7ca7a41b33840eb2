import { NEVER } from '../../ip/timed-ranges.js';
import type { Plan } from '../../policy/plan.js';
import * as command from './commands.js';
import { type Json, elementsOf, timedElementsOf } from './expressions.js';
import { TABLE } from './names.js';
import { type NftSet, rulesetOf } from './ruleset.js';

/** Name of the file that scripts/boot/load-firewall gives to `nft -j -f` at boot. */
export const BOOT_FILE = 'ruleset.json';

/**
 * A ready ruleset as libnftables JSON: one transaction that replaces our table, whether or not
 * it stands, and touches nothing else. A command is a line. Elements that end stand in lines of
 * their own, with a key `until` that nft passes over: the time at which they end, seconds since
 * 1970, from which whoever loads the file makes the timeout anew, or leaves the line out. Pure.
 *
 * @param marks as the kernel holds them after an apply of the same plan
 * @param nowMs what has ended by then is left out
 */
export function bootRuleset(plan: Plan, marks: string | undefined, nowMs: number): string {
  const ruleset = rulesetOf(plan);
  const commands: Json[] = [
    ...command.removeTable(),
    command.addTable(),
    ...command.makeObjects(ruleset),
    ...ruleset.sets.flatMap((set) => elementCommands(set, nowMs)),
    ...ruleset.hooks.flatMap(command.addHook),
    ...(marks === undefined ? [] : command.writeMarks(marks)),
    command.addTable(), // says nothing new: the last line is never left out, so commas are right
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
 * @param nowMs what has ended by then is left out
 */
export function withElements(text: string, set: SetContents, nowMs: number): string | undefined {
  const { name } = set;
  const start = JSON.stringify({ family: TABLE.family, table: TABLE.name, name }).slice(0, -1);
  const lines = text
    .split('\n')
    .slice(1, -2)
    .map((line) => line.replace(/,$/, ''))
    .filter((line) => !line.startsWith(`{"add":{"element":${start},`));
  const at = lines.findIndex((line) => line.startsWith(`{"add":{"set":${start},`));
  if (at < 0) return undefined;
  const elements = elementCommands(set, nowMs);
  return fileOf(lines.toSpliced(at + 1, 0, ...elements.map((line) => JSON.stringify(line))));
}

/** A set, and what is to be in it. */
export type SetContents = Pick<NftSet, 'name' | 'ranges' | 'timed'>;

function elementCommands({ name, ranges, timed }: SetContents, nowMs: number): Json[] {
  if (timed === undefined) return command.addElements(name, ranges ? elementsOf(ranges) : []);
  const rest = timed.inForce(nowMs);
  const byEnd = new Map<number, Json[]>();
  for (const [i, element] of timedElementsOf(rest, nowMs).entries()) {
    const endMs = rest.endOf(i);
    const together = byEnd.get(endMs);
    if (together) together.push(element);
    else byEnd.set(endMs, [element]);
  }
  return [...byEnd].map(([endMs, elem]) => {
    const until = endMs === NEVER ? {} : { until: Math.ceil(endMs / 1000) };
    return { add: { element: { family: TABLE.family, table: TABLE.name, name, ...until, elem } } };
  });
}

const UNTIL = /"until":(\d+)/;

/** What `bootRuleset` wrote, with what is left at a time: as scripts/boot/load-firewall does. */
export function bootRulesetAt(text: string, nowMs: number): string {
  return text
    .split('\n')
    .flatMap((line) => {
      const until = UNTIL.exec(line.slice(0, UNTIL_WITHIN))?.[1];
      if (until === undefined) return [line];
      const seconds = Number(until) - Math.floor(nowMs / 1000);
      return seconds > 0 ? [line.replaceAll(/"timeout":\d+/g, `"timeout":${seconds}`)] : [];
    })
    .join('\n');
}

/** The key stands before the elements; set names have at most 255 characters. */
const UNTIL_WITHIN = 400;
