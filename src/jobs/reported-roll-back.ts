import type { LoadedConfig } from '../config/load.js';
import { backendNamed } from '../firewall/choose.js';
import { type Enforcer, rollBack } from '../firewall/enforce.js';
import { collectBefore } from './collect-before.js';
import type { Voice } from './voice.js';

/**
 * Rolls back; what was denied until then is in the reports. The caller holds the lock of the
 * state.
 *
 * @throws as `rollBack`
 */
export async function rollBackAndCollect(
  enforcer: Enforcer & { readonly loaded: LoadedConfig },
  voice: Voice,
): Promise<void> {
  const { loaded, backend, folder } = enforcer;
  await collectBefore({ loaded, backend }, voice);
  await rollBack(enforcer, Date.now());
  const now = folder.read().current?.backend ?? backend.name;
  // counters may begin at 0 again: the next collection has to count from there
  const counted = now === backend.name ? backend : backendNamed(now);
  await collectBefore({ loaded, backend: counted }, voice);
}
