import { parseConfig } from '../../src/config/load.js';
import type { AddressSet } from '../../src/ip/address-set.js';
import { type PolicyFault, compilePolicy } from '../../src/policy/compile.js';
import type { Plan } from '../../src/policy/plan.js';
import { addressSet } from '../helpers/lists.js';

/** Lists that tests of the policy speak of. */
export const LISTS: ReadonlyMap<string, AddressSet> = new Map([
  ['asia', addressSet('1.11.0.0/16', '2001:220::/32')],
  ['home', addressSet('133.0.0.0/16', '2001:200::/32')],
  ['only4', addressSet('5.0.0.0/16')],
  ['trusted', addressSet('1.11.7.0/24')],
  ['blocked', addressSet('192.0.2.7')],
]);

/** Compiles the text behind `firewall:`; lists as above. */
export function compile(
  firewall: string,
  lists: ReadonlyMap<string, AddressSet> = LISTS,
): Plan | { readonly faults: readonly PolicyFault[] } {
  const { config } = parseConfig(`firewall: ${firewall}`, 'sekisho.yaml');
  if (config.firewall === undefined) throw new Error('no firewall part');
  return compilePolicy({ firewall: config.firewall, lists });
}

export function planFrom(firewall: string, lists = LISTS): Plan {
  const plan = compile(firewall, lists);
  if ('faults' in plan) throw new Error(JSON.stringify(plan.faults));
  return plan;
}
