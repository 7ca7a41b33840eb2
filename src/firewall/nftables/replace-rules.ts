import * as command from './commands.js';
import type { Json } from './expressions.js';
import type { TableListing } from './listing.js';
import { expectedHookHash } from './marks.js';
import type { NftRuleset } from './ruleset.js';
import { isSame } from './sets.js';

/**
 * Commands that empty our chains, remove what the ruleset no longer has, and make the rest.
 *
 * @param made sets that stand already, besides those listed
 */
export function replaceRules(
  ruleset: NftRuleset,
  listing: TableListing,
  made: ReadonlySet<string>,
): Json[] {
  // a chain that stands cannot change its priority: it goes and comes in the same transaction
  const isHookedAnew = listing.hookHash !== expectedHookHash(ruleset);
  const chains = new Set([...ruleset.hooks, ...ruleset.chains].map(({ name }) => name));
  const sets = new Map(ruleset.sets.map((set) => [set.name, set]));
  const counters = new Set(ruleset.counters);
  const oldSets = [...listing.sets]
    .filter(([name, limits]) => !isSame(sets.get(name), limits))
    .map(([name]) => name);
  const oldCounters = [...listing.counters].filter((name) => !counters.has(name));
  const kept = new Set([...listing.sets.keys(), ...listing.counters, ...made]);
  for (const name of [...oldSets, ...oldCounters]) kept.delete(name);
  return [
    ...[...listing.chains].map(command.flushChain),
    ...[...listing.chains]
      .filter((name) => !chains.has(name) || (isHookedAnew && listing.hooks.has(name)))
      .map((name) => command.remove('chain', name)),
    ...oldCounters.map((name) => command.remove('counter', name)),
    ...oldSets.map((name) => command.remove('set', name)),
    ...command.makeObjects(ruleset, (name) => kept.has(name)),
    ...ruleset.hooks.flatMap(command.addHook),
  ];
}
