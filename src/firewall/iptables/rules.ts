import { createHash } from 'node:crypto';

import type { Family } from '../../ip/family.js';
import { SystemError, messageOf } from '../../util/errors.js';
import { forEachOf } from './for-each.js';
import { MARK_CHAIN, isTreeChain } from './names.js';
import type { IptablesPrograms } from './programs.js';
import {
  EMPTY_TABLE,
  type Rule,
  TABLE_NAMES,
  type Table,
  type Tables,
  hasSameJumps,
  isEmptyTable,
} from './table.js';
import { transitionOf } from './transition.js';

/** What each family is to hold. */
export type WantedRules = ReadonlyMap<Family, Tables>;

export function holdsNothing(tables: Tables): boolean {
  return TABLE_NAMES.every((name) => isEmptyTable(tables[name]));
}

/**
 * How the rules of one family differ, a line each. Chains that hold lists are compared by who
 * made them. Programs print rules in words of their own, so that the rules are ours is told
 * by the marks: a hash of what was wanted, and of what then stood.
 */
export function ruleDifferences(family: Family, wanted: Tables, held: Tables): string[] {
  if (holdsNothing(held)) return [`IPv${family}: the rules are missing`];
  const differences: string[] = [];
  const mark = held.mangle.chains.get(MARK_CHAIN)?.[0]?.text ?? '';
  const [, wantedHash, heldHash] = /wanted=(\w+) held=(\w+)/.exec(mark) ?? [];
  if (wantedHash === undefined) differences.push('the rules carry no mark of ours');
  else if (wantedHash !== hashOf(wanted)) differences.push('the rules are those of another plan');
  else if (heldHash !== hashOf(held)) differences.push('chains or rules were changed by others');
  for (const name of TABLE_NAMES) {
    for (const { chain, text } of wanted[name].jumps) {
      const found = held[name].jumps.filter((jump) => jump.chain === chain);
      if (found.length === 1 && found[0]?.place === 1 && found[0].text === text) continue;
      const what = found.length === 0 ? 'is missing' : 'is not the first rule, once';
      differences.push(`${name} ${chain}: our rule \`${text}\` ${what}`);
    }
    if (differences.length === 0 && !hasSameJumps(wanted[name], held[name])) {
      differences.push(`table ${name} leads to our chains from where it should not`);
    }
  }
  return differences.map((text) => `IPv${family}: ${text}`);
}

/**
 * Makes the kernel hold these rules: a commit for each table of each family that differs.
 *
 * @throws SystemError where a program refuses; every family holds then what it held before, or
 *   the message says that it could not be put back
 */
export async function applyRules(programs: IptablesPrograms, wanted: WantedRules): Promise<void> {
  const before = new Map<Family, Tables>();
  for (const family of wanted.keys()) before.set(family, await programs.read(family));
  try {
    for (const [family, tables] of wanted) {
      const held = before.get(family);
      if (held) await applyFamily(programs, family, tables, held);
    }
  } catch (error) {
    await putBack(programs, before, error);
    throw error;
  }
}

async function applyFamily(
  programs: IptablesPrograms,
  family: Family,
  wanted: Tables,
  before: Tables,
): Promise<void> {
  const keepMark = withMark(wanted, before.mangle.chains.get(MARK_CHAIN) ?? []);
  await programs.load(family, transitionOf(before, keepMark));
  const held = await programs.read(family);
  const comment = `wanted=${hashOf(wanted)} held=${hashOf(held)}`;
  const marked = withMark(held, [{ text: `-m comment --comment "${comment}"` }]);
  await programs.load(family, transitionOf(held, marked));
}

/** The same tables with these rules in the chain of marks. */
function withMark({ filter, mangle }: Tables, rules: readonly Rule[]): Tables {
  const chains = new Map(mangle.chains).set(MARK_CHAIN, rules);
  return { filter, mangle: { chains, jumps: mangle.jumps } };
}

/** @throws SystemError where that fails as well */
async function putBack(
  programs: IptablesPrograms,
  before: ReadonlyMap<Family, Tables>,
  cause: unknown,
): Promise<void> {
  for (const [family, tables] of before) {
    try {
      await programs.load(family, transitionOf(await programs.read(family), tables));
    } catch (error) {
      throw new SystemError(
        `${messageOf(cause)}; and IPv${family} could not be put back to what it was: ` +
          `${messageOf(error)}; run \`sekisho apply\` again, or \`sekisho flush\``,
        { cause: error },
      );
    }
  }
}

/**
 * Takes away every chain of ours and every rule that leads there.
 *
 * @throws SystemError for families that refuse, when all were tried
 */
export async function flushRules(
  programs: IptablesPrograms,
  families: readonly Family[],
): Promise<void> {
  const nothing = { filter: EMPTY_TABLE, mangle: EMPTY_TABLE };
  await forEachOf(families, async (family) => {
    await programs.load(family, transitionOf(await programs.read(family), nothing));
  });
}

/** A hash of the rules of our chains, without marks and chains that hold lists. */
function hashOf(tables: Tables): string {
  const facts = TABLE_NAMES.flatMap((name) =>
    factsOf(tables[name]).map((fact) => `${name} ${fact}`),
  );
  return createHash('sha256').update(facts.sort().join('\n')).digest('hex').slice(0, 24);
}

function factsOf({ chains }: Table): string[] {
  return [...chains]
    .filter(([name]) => name !== MARK_CHAIN && !isTreeChain(name))
    .map(([name, rules]) => `${name}: ${rules.map(({ text }) => text).join('\n')}`);
}
