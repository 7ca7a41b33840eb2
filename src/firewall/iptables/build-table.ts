import { UsageError } from '../../util/errors.js';
import type { Hook } from './judgement.js';
import type { Rule, Table } from './table.js';

/**
 * A table of chains and of the hooks that lead to them.
 *
 * @throws UsageError where two names were shortened to the same
 */
export function tableOf(
  chains: readonly (readonly [string, readonly Rule[]])[],
  hooks: readonly Hook[],
): Table {
  const byName = new Map<string, readonly Rule[]>();
  for (const [name, rules] of chains) {
    if (byName.has(name)) {
      throw new UsageError(
        `two rules or lists would share the chain ${name}; expected names that differ when ` +
          'shortened to what iptables takes: rename one of them',
      );
    }
    byName.set(name, rules);
  }
  return {
    chains: byName,
    jumps: hooks.map(({ chain, target }) => ({ chain, place: 1, text: `-j ${target}` })),
  };
}
