import { parseRange } from '../../ip/notation.js';
import type { RangeSet } from '../../ip/range-set.js';
import { RangeSetBuilder } from '../../ip/range-set-builder.js';
import type { Family } from '../../ip/family.js';
import { MARK_CHAIN, isNewSet, newSet } from './names.js';
import { emptySetLine, newSetLines } from './sets.js';
import { EMPTY_TABLE, type Tables, readSaved } from './table.js';
import { transitionOf } from './transition.js';

/*
 * Files from which scripts/boot/load-iptables puts everything into the kernel without Node.js.
 * All functions are pure.
 */

/** For `ipset restore`. */
export const SETS_FILE = 'sets.ipset';

/** For `iptables-restore --noflush`, where nothing of ours stands. */
export function rulesFile(family: Family): string {
  return family === 4 ? 'rules.iptables' : 'rules.ip6tables';
}

export interface NamedSet {
  readonly name: string;
  readonly ranges: RangeSet;
}

/** Makes the sets, or replaces them where they stand. */
export function bootSets(sets: readonly NamedSet[]): string {
  return [
    ...sets.flatMap(({ name, ranges }, index) => {
      const [create, ...adding] = newSetLines(newSet(index), ranges);
      return [
        `${emptySetLine(name, ranges.family)} -exist`,
        `${create} -exist`,
        `flush ${newSet(index)}`, // one may stand from a load that was cut off
        ...adding,
      ];
    }),
    ...sets.map(({ name }, index) => `swap ${newSet(index)} ${name}`),
    ...sets.map((_, index) => `destroy ${newSet(index)}`),
    '',
  ].join('\n');
}

/** What `bootSets` wrote. */
export function readBootSets(text: string): NamedSet[] {
  const builders = new Map<string, RangeSetBuilder>();
  const sets: NamedSet[] = [];
  for (const line of text.split('\n')) {
    const [verb, name = '', third = '', , family] = line.split(' ');
    if (verb === 'create' && isNewSet(name)) {
      builders.set(name, new RangeSetBuilder(family === 'inet' ? 4 : 6));
    } else if (verb === 'add') {
      const range = parseRange(third);
      if ('expected' in range) throw new Error(`a set for the boot holds ${third}`);
      builders.get(name)?.add(range.first, 0, range.last, 0);
    } else if (verb === 'swap') {
      const builder = builders.get(name);
      if (builder) sets.push({ name: third, ranges: builder.build() });
    }
  }
  return sets;
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
