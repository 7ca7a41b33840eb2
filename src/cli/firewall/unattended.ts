import type { LoadedConfig } from '../../config/load.js';
import { configurationHash } from '../../firewall/change-list.js';
import { applyPlan } from '../../firewall/enforce.js';
import { planOf } from '../../firewall/open-plan.js';
import { contradictedAdmins } from '../../firewall/safety/lock-out.js';
import type { List } from '../../lists/catalogue.js';
import { EXIT, type ExitCode } from '../../util/errors.js';
import { collectBefore } from '../collect.js';
import { warn } from '../output.js';
import { openFirewall } from './session.js';

/**
 * The apply at the end of an update. Nobody is there to ask: admins keep passing whatever
 * lists say, and what waits for a person (a confirmation, an apply after a roll-back) is left
 * alone. What was denied until then goes into the reports. The caller holds the lock of the
 * state.
 */
export async function applyUnattended(
  loaded: LoadedConfig,
  lists: ReadonlyMap<string, List>,
): Promise<ExitCode> {
  if (loaded.config.firewall === undefined) return EXIT.done;
  const session = await openFirewall(loaded);
  const plan = planOf(loaded, lists);
  const collected = await collectBefore(session);
  const { pending, heldSince } = session.folder.read();
  if (pending !== undefined) {
    warn('the firewall was not touched: the last apply waits for `sekisho confirm`');
    return EXIT.partial;
  }
  if (heldSince !== undefined) {
    warn(`the firewall was not touched: rolled back at ${heldSince}; run \`sekisho apply\``);
    return EXIT.partial;
  }
  const contradictions = contradictedAdmins(plan);
  for (const text of contradictions) warn(`${text}; the admin keeps passing`);
  await applyPlan(session, plan, await session.backend.compare(plan), {
    nowMs: Date.now(),
    configuration: configurationHash(loaded),
  });
  return contradictions.length > 0 ? EXIT.partial : collected;
}
