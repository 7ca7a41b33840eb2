import { parseRange } from '../../ip/notation.js';
import { RangeSetBuilder } from '../../ip/range-set-builder.js';
import type { Family } from '../../ip/family.js';
import { type TimedRange, flatten } from '../../ip/flatten.js';
import { NEVER } from '../../ip/timed-ranges.js';
import { MARK_CHAIN, isNewSet, newSet } from './names.js';
import { type SetContents, type TimedLine, emptySetLine, newSetLines, timedLines } from './sets.js';
import { EMPTY_TABLE, type Tables, readSaved } from './table.js';
import { transitionOf } from './transition.js';

/*
 * Files from which scripts/boot/load-firewall puts everything into the kernel without Node.js.
 * All functions are pure.
 */

/** For `ipset restore`. */
export const SETS_FILE = 'sets.ipset';

/** For `iptables-restore --noflush`, where nothing of ours stands. */
export function rulesFile(family: Family): string {
  return family === 4 ? 'rules.iptables' : 'rules.ip6tables';
}

/**
 * Makes the sets, or replaces them where they stand. Before a member that ends stands a comment
 * that tells when, seconds since 1970: whoever loads the file makes the timeout anew from it, or
 * leaves the member out.
 *
 * @param nowMs what has ended by then is left out
 */
export function bootSets(sets: readonly SetContents[], nowMs: number): string {
  return [
    ...sets.flatMap((set, index) => {
      const fresh = { ...set, name: newSet(index) };
      const [create = '', ...adding] = newSetLines(fresh, nowMs);
      return [
        `${emptySetLine(set)} -exist`,
        `${create} -exist`,
        `flush ${fresh.name}`, // one may stand from a load that was cut off
        ...(set.timed ? timedLines(fresh.name, set.timed, nowMs).flatMap(bootLines) : adding),
      ];
    }),
    ...sets.map(({ name }, index) => `swap ${newSet(index)} ${name}`),
    ...sets.map((_, index) => `destroy ${newSet(index)}`),
    '',
  ].join('\n');
}

function bootLines({ line, until }: TimedLine): string[] {
  return until === undefined ? [line] : [`# until=${until}`, line];
}

/** What `bootSets` wrote. */
export function readBootSets(text: string): SetContents[] {
  const members = new Map<string, OpenSet>();
  const sets: SetContents[] = [];
  let endMs = NEVER;
  for (const line of text.split('\n')) {
    const [verb, name = '', third = '', , family, ...options] = line.split(' ');
    if (verb === 'create' && isNewSet(name)) {
      const isTimed = options.includes('timeout');
      members.set(name, { family: family === 'inet' ? 4 : 6, isTimed, ranges: [] });
    } else if (verb === 'add') {
      const range = parseRange(third);
      if ('expected' in range) throw new Error(`a set for the boot holds ${third}`);
      members.get(name)?.ranges.push({ first: range.first, last: range.last, endMs });
    } else if (verb === 'swap') {
      const found = members.get(name);
      if (found) sets.push(closed(third, found));
    }
    endMs = verb === '#' ? Number(name.replace('until=', '')) * 1000 : NEVER;
  }
  return sets;
}

interface OpenSet {
  readonly family: Family;
  readonly isTimed: boolean;
  readonly ranges: TimedRange[];
}

function closed(name: string, { family, isTimed, ranges }: OpenSet): SetContents {
  if (isTimed) {
    const timed = flatten(family, ranges);
    return { name, ranges: timed.addresses(), timed };
  }
  const builder = new RangeSetBuilder(family, ranges.length);
  for (const { first, last } of ranges) builder.add(first, 0, last, 0);
  return { name, ranges: builder.build() };
}

/**
 * Loads all that a plan wants.
 *
 * @param standing what stands after an apply of the plan; its marks go into the file
 */
export function bootRules(wanted: Tables, standing: Tables): string {
  const marks = standing.mangle.chains.get(MARK_CHAIN) ?? [];
  const chains = new Map(wanted.mangle.chains).set(MARK_CHAIN, marks);
  const nothing = { filter: EMPTY_TABLE, mangle: EMPTY_TABLE };
  const all = { filter: wanted.filter, mangle: { chains, jumps: wanted.mangle.jumps } };
  return transitionOf(nothing, all);
}

/** What `bootRules` wrote, without the marks. */
export function readBootRules(text: string): Tables {
  const { filter, mangle } = readSaved(
    text.replaceAll(/^-A /gm, '[0:0] -A ').replaceAll(/^-I (\S+) 1 /gm, '[0:0] -A $1 '),
  );
  const chains = new Map(mangle.chains);
  chains.delete(MARK_CHAIN);
  return { filter, mangle: { chains, jumps: mangle.jumps } };
}
