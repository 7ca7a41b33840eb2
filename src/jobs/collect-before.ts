import type { LoadedConfig } from '../config/load.js';
import type { Backend } from '../firewall/backend.js';
import { backendNamed } from '../firewall/choose.js';
import type { Enforcer } from '../firewall/enforce.js';
import { EXIT, type ExitCode, faultOf } from '../util/errors.js';
import type { Voice } from './voice.js';

/**
 * Adds to the reports what was denied until now, before the rules change and counters may go, and
 * what the milter counted.
 * A failure, of whatever kind, is told and keeps nothing else from being done. The caller holds
 * the lock of the state.
 */
export async function collectBefore(
  { loaded, backend }: { readonly loaded: LoadedConfig; readonly backend: Backend | undefined },
  voice: Voice,
  change: 'change' | 'flush' = 'change',
): Promise<ExitCode> {
  const { config, resolvePath } = loaded;
  const [{ collectNow }, { ReportFolder }] = await Promise.all([
    import('../reports/collect-now.js'),
    import('../reports/folder.js'),
  ]);
  const folder = new ReportFolder(resolvePath(config.state));
  try {
    await collectNow(folder, backend, config, { nowMs: Date.now() });
    if (change === 'flush') folder.forgetCounts();
    return EXIT.done;
  } catch (error) {
    // a defect keeps its stack, but must not stand between a person and a roll-back
    const fault = faultOf(error);
    voice.warn(`what was denied since the last collection is not in the reports: ${fault}`);
    return EXIT.partial;
  }
}

/** The backend that counts until an apply: another than the session's where that takes its place. */
export async function countingBackend({ backend, folder }: Enforcer): Promise<Backend> {
  const { current } = folder.read();
  if (current === undefined || current.backend === backend.name) return backend;
  const replaced = backendNamed(current.backend);
  return (await replaced.findObstacle()) === undefined ? replaced : backend;
}
