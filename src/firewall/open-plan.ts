import type { LoadedConfig } from '../config/load.js';
import type { AddressSet } from '../ip/address-set.js';
import type { TimedAddressSet } from '../ip/timed-address-set.js';
import { compilePolicy } from '../policy/compile.js';
import type { Plan } from '../policy/plan.js';
import { UsageError } from '../util/errors.js';

/**
 * The plan of the configuration.
 *
 * @param lists contents of every list that could be made
 * @throws UsageError for the first fault, naming file, line, what was found and expected
 */
export function planOf(
  loaded: LoadedConfig,
  lists: ReadonlyMap<string, { readonly addresses: AddressSet; readonly times?: TimedAddressSet }>,
): Plan {
  const { firewall } = loaded.config;
  if (firewall === undefined) {
    throw new UsageError('the configuration has no firewall part; see `sekisho config example`');
  }
  const contents = new Map([...lists].map(([name, list]) => [name, list.addresses]));
  const times = new Map(
    [...lists].flatMap(([name, list]) => (list.times ? [[name, list.times] as const] : [])),
  );
  const plan = compilePolicy({ firewall, lists: contents, times });
  if (!('faults' in plan)) return plan;
  const [fault] = plan.faults;
  if (fault === undefined) throw new Error('a policy without plan and without fault');
  throw loaded.errorAt(['firewall', ...fault.path], fault.found, fault.expected);
}
