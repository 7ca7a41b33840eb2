import type { Json } from './expressions.js';
import { TABLE } from './names.js';
import type { NftChain, NftHook, NftRuleset, NftSet } from './ruleset.js';

/*
 * Commands of libnftables-json(5) for objects of our table.
 */

const IN_TABLE = { family: TABLE.family, table: TABLE.name };

/** The chain whose one rule carries the marks by which we know our work again. */
export const MARK_CHAIN = 'sekisho.mark';

export function addTable(): Json {
  return { add: { table: { ...TABLE } } };
}

/** Refused where there is one. To remove and make it in one go takes the kernel ten times as long. */
export function createTable(): Json {
  return { create: { table: { ...TABLE } } };
}

/** Also right where there is no table. */
export function removeTable(): Json[] {
  return [addTable(), { delete: { table: { ...TABLE } } }];
}

/** What a set that rules put addresses into may hold where nothing else is said (nft_dynset.c). */
const KERNEL_SIZE = 65_535;

/**
 * Without a size that the kernel gives by itself: for one that it is told it makes room at once,
 * a megabyte and some milliseconds a set, in place of what is needed.
 */
export function addSet({ definition }: NftSet): Json {
  const { size, ...rest } = definition as { readonly size?: number };
  return { add: { set: size === KERNEL_SIZE ? rest : definition } };
}

export function flushSet(name: string): Json {
  return { flush: { set: { ...IN_TABLE, name } } };
}

/** No command where there are no elements. */
export function addElements(name: string, elem: readonly Json[]): Json[] {
  return elem.length === 0 ? [] : [{ add: { element: { ...IN_TABLE, name, elem } } }];
}

export function addCounter(name: string): Json {
  return { add: { counter: { ...IN_TABLE, name } } };
}

/** Makes the chain where it is missing. */
export function addChain(name: string): Json {
  return { add: { chain: { ...IN_TABLE, name } } };
}

export function flushChain(name: string): Json {
  return { flush: { chain: { ...IN_TABLE, name } } };
}

export function addRules({ name, rules }: NftChain): Json[] {
  return rules.map((expr) => ({ add: { rule: { ...IN_TABLE, chain: name, expr } } }));
}

export function addHook({ name, hook, prio, target }: NftHook): Json[] {
  const chain = { ...IN_TABLE, name, type: 'filter', hook, prio, policy: 'accept' };
  const rule = { ...IN_TABLE, chain: name, expr: [{ jump: { target } }] };
  return [{ add: { chain } }, { flush: { chain: { ...IN_TABLE, name } } }, { add: { rule } }];
}

export function remove(kind: 'set' | 'counter' | 'chain', name: string): Json {
  return { delete: { [kind]: { ...IN_TABLE, name } } };
}

/** Writes the marks anew. */
export function writeMarks(text: string): Json[] {
  return [
    addChain(MARK_CHAIN),
    flushChain(MARK_CHAIN),
    { add: { rule: { ...IN_TABLE, chain: MARK_CHAIN, expr: [{ return: null }], comment: text } } },
  ];
}

/**
 * Makes sets, counters and chains with their rules, without elements and hooks.
 *
 * @param isThere names of sets and counters that stand already
 */
export function makeObjects(
  ruleset: NftRuleset,
  isThere: (name: string) => boolean = () => false,
): Json[] {
  return [
    ...ruleset.sets.filter(({ name }) => !isThere(name)).map(addSet),
    ...ruleset.counters.filter((name) => !isThere(name)).map(addCounter),
    ...ruleset.chains.map(({ name }) => addChain(name)),
    ...ruleset.chains.flatMap(addRules),
  ];
}
