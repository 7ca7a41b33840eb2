import { type TableListing, hashOf } from './listing.js';
import { TABLE } from './names.js';
import type { NftRuleset } from './ruleset.js';

/*
 * The marks stand in the table. By them the next compare knows the rules again: those that were
 * wanted, and as the kernel held them then.
 */

/** What was written last. */
export interface Written {
  /** `wantedHash` of the rules. */
  readonly wanted: string;
  readonly marks: string;
}

/** @param listing the table as it was made, without marks */
export function marksOf(ruleset: NftRuleset, listing: TableListing): string {
  return `wanted=${wantedHash(ruleset)} held=${listing.hash}`;
}

/** The two hashes of what `marksOf` made; undefined where others wrote there, or nobody. */
export function readMarks(
  marks: string | undefined,
): { readonly wanted: string; readonly held: string } | undefined {
  const [, wanted, held] = /^wanted=(\w+) held=(\w+)$/.exec(marks ?? '') ?? [];
  return wanted === undefined || held === undefined ? undefined : { wanted, held };
}

/** A hash of the rules that are wanted; elements of lists are compared by themselves. */
export function wantedHash({ sets, counters, chains, hooks }: NftRuleset): string {
  const definitions = sets.map(({ definition }) => definition);
  return hashOf(JSON.stringify({ definitions, counters, chains, hooks }));
}

/** What `summarise` makes of our hooks where nobody touched them. */
export function expectedHookHash({ hooks }: NftRuleset): string {
  const table = { family: TABLE.family, table: TABLE.name };
  const facts = hooks.flatMap(({ name, hook, prio, target }) => [
    `chain ${JSON.stringify({ family: TABLE.family, table: TABLE.name, name, type: 'filter', hook, prio, policy: 'accept' })}`,
    `rules of ${name} ${JSON.stringify({ ...table, chain: name, expr: [{ jump: { target } }] })}`,
  ]);
  return hashOf(facts.sort().join('\n'));
}
