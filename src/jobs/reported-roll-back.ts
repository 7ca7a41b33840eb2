import type { LoadedConfig } from '../config/load.js';
import { backendNamed } from '../firewall/choose.js';
import { type Enforcer, rollBack } from '../firewall/enforce.js';
import { collectBefore, countingBackend } from './collect-before.js';
import { followChanges } from './follow-changes.js';
import type { Voice } from './voice.js';

/**
 * Rolls back; what was denied until then is in the reports, and lists that were changed by hand
 * since the apply keep that. The caller holds the lock of the state.
 *
 * @throws as `rollBack`
 */
export async function rollBackAndCollect(
  enforcer: Enforcer & { readonly loaded: LoadedConfig },
  voice: Voice,
): Promise<void> {
  const { loaded, backend, folder } = enforcer;
  await collectBefore({ loaded, backend: await countingBackend(enforcer) }, voice);
  await rollBack(enforcer, Date.now(), voice.warn);
  const now = folder.read().current?.backend ?? backend.name;
  // counters may begin at 0 again: the next collection has to count from there
  const restored = now === backend.name ? backend : backendNamed(now);
  await collectBefore({ loaded, backend: restored }, voice);
  await followChanges({ backend: restored, folder }, voice);
}
