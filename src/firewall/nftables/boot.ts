import { NEVER } from '../../ip/timed-ranges.js';
import type { Plan } from '../../policy/plan.js';
import * as command from './commands.js';
import { elementsText } from './element-text.js';
import { type Json, timedElementsOf } from './expressions.js';
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
  return prepareBootRuleset(plan, nowMs)(marks);
}

/** The same in two steps, for who does not know the marks yet: all but them takes the time. */
export function prepareBootRuleset(
  plan: Plan,
  nowMs: number,
): (marks: string | undefined) => string {
  const ruleset = rulesetOf(plan);
  const before: Json[] = [
    ...command.removeTable(),
    command.addTable(),
    ...command.makeObjects(ruleset),
  ];
  const elements = ruleset.sets.flatMap((set) => elementLines(set, nowMs));
  return (marks) => {
    const after: Json[] = [
      ...ruleset.hooks.flatMap(command.addHook),
      ...(marks === undefined ? [] : command.writeMarks(marks)),
      command.addTable(), // says nothing new: the last line is never left out, so commas are right
    ];
    return fileOf([...linesOf(before), ...elements, ...linesOf(after)]);
  };
}

function linesOf(commands: readonly Json[]): string[] {
  return commands.map((line) => JSON.stringify(line));
}

/** A command is a line. */
function fileOf(lines: readonly string[]): string {
  return `{"nftables":[\n${lines.join(',\n')}\n]}\n`;
}

/**
 * The same file with other elements in one set; undefined where the file has no such set. The rest,
 * which may be megabytes, is copied and not looked at. Pure.
 *
 * @param file what `bootRuleset` made, in UTF-8
 * @param nowMs what has ended by then is left out
 */
export function withElements(file: Buffer, set: SetContents, nowMs: number): Buffer | undefined {
  const key = { family: TABLE.family, table: TABLE.name, name: set.name };
  const start = JSON.stringify(key).slice(0, -1);
  const pieces: Uint8Array[] = [];
  let kept = 0;
  const goOn = (to: number, from = to): void => {
    pieces.push(file.subarray(kept, to));
    kept = from;
  };
  const definition = lineStart(file, `{"add":{"set":${start},`, 0);
  if (definition === undefined) return undefined;
  // sets stand before all elements
  goOn(lineEnd(file, definition));
  for (const line of elementLines(set, nowMs)) pieces.push(Buffer.from(`${line},\n`));
  for (;;) {
    const line = lineStart(file, `{"add":{"element":${start},`, kept);
    if (line === undefined) break;
    goOn(line, lineEnd(file, line));
  }
  goOn(file.length);
  return Buffer.concat(pieces);
}

/** Where the next line with such a beginning starts, at or behind a place where a line starts. */
function lineStart(file: Buffer, beginning: string, from: number): number | undefined {
  const newline = file.indexOf(`\n${beginning}`, Math.max(0, from - 1));
  return newline < 0 ? undefined : newline + 1;
}

/** Where the line behind it starts. Every line of a command has one behind it. */
function lineEnd(file: Buffer, start: number): number {
  return file.indexOf('\n', start) + 1;
}

/** A set, and what is to be in it. */
export type SetContents = Pick<NftSet, 'name' | 'ranges' | 'timed'>;

function elementLines({ name, ranges, timed }: SetContents, nowMs: number): string[] {
  if (timed === undefined) {
    return ranges && !ranges.isEmpty ? [addLine({ name }, elementsText(ranges))] : [];
  }
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
    return addLine({ name, ...until }, JSON.stringify(elem));
  });
}

function addLine(key: { readonly name: string; readonly until?: number }, elem: string): string {
  const start = JSON.stringify({ family: TABLE.family, table: TABLE.name, ...key }).slice(0, -1);
  return `{"add":{"element":${start},"elem":${elem}}}}`;
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
