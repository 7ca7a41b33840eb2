import type { Config } from '../config/schema.js';
import { neighboursOf } from './definitions.js';

/** Lists that another one leaves out, and all that these are made from. */
export function exceptedLists({ lists }: Config): Set<string> {
  return withAllBelow(
    Object.values(lists).flatMap(({ except }) => except),
    lists,
  );
}

/**
 * Lists whose addresses pass somewhere, and all that these are made from: where one becomes smaller
 * by mistake, more is denied or listed than its owner meant.
 */
export function admittingLists(config: Config): Set<string> {
  const { firewall, dnsbl, lists } = config;
  const rules = firewall?.rules ?? [];
  const names = [
    ...(firewall?.allow ?? []),
    ...rules.flatMap((rule) => [...(rule.only ?? []), ...rule.except]),
    ...(dnsbl?.zones ?? []).flatMap((zone) => zone.allow),
  ];
  return withAllBelow([...exceptedLists(config), ...names], lists);
}

function withAllBelow(names: Iterable<string>, definitions: Config['lists']): Set<string> {
  const found = new Set<string>();
  const add = (name: string): void => {
    const definition = definitions[name];
    if (found.has(name) || definition === undefined) return;
    found.add(name);
    for (const other of neighboursOf(definition)) add(other);
  };
  for (const name of names) add(name);
  return found;
}
