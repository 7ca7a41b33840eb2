import {
  type Jump,
  type Table,
  type TableName,
  type Tables,
  hasSameJumps,
  hasSameRules,
} from './table.js';

/**
 * The text for `iptables-restore --noflush` that leads from what stands to what is
 * wanted; empty where nothing is to be done. Pure.
 *
 * Each table is one commit: chains that differ are emptied and filled, jumps put at their
 * places, and chains that are no longer wanted removed. Chains that do not differ are left
 * alone, and so keep their counts. Where packets are to be marked, the table that rejects
 * marked ones comes first.
 */
export function transitionOf(current: Tables, wanted: Tables): string {
  const rejects = wanted.filter.chains.size > 0;
  const order: TableName[] = rejects ? ['filter', 'mangle'] : ['mangle', 'filter'];
  return order.map((name) => tableTransition(name, current[name], wanted[name])).join('');
}

function tableTransition(name: TableName, current: Table, wanted: Table): string {
  const changed = [...wanted.chains].filter(([chain, rules]) => {
    const held = current.chains.get(chain);
    return held === undefined || !hasSameRules(held, rules);
  });
  const stale = [...current.chains.keys()].filter((chain) => !wanted.chains.has(chain));
  const sameJumps = hasSameJumps(current, wanted);
  if (changed.length === 0 && stale.length === 0 && sameJumps) return '';
  const lines = [`*${name}`];
  // declaring a chain that stands empties it
  for (const chain of [...changed.map(([chain]) => chain), ...stale]) {
    lines.push(`:${chain} - [0:0]`);
  }
  for (const [chain, rules] of changed) {
    for (const { text } of rules) lines.push(`-A ${chain} ${text}`);
  }
  if (!sameJumps) {
    for (const { chain, text } of current.jumps) lines.push(`-D ${chain} ${text}`);
    for (const { chain, place, text } of inOrder(wanted.jumps)) {
      lines.push(`-I ${chain} ${place} ${text}`);
    }
  }
  for (const chain of stale) lines.push(`-X ${chain}`);
  return [...lines, 'COMMIT', ''].join('\n');
}

/** Rules before others of the same chain go in first, so that places are right. */
function inOrder(jumps: readonly Jump[]): Jump[] {
  return [...jumps].sort((a, b) => a.place - b.place);
}
