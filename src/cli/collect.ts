import type { FirewallSession } from './firewall/session.js';
import { EXIT, type ExitCode, KnownError } from '../util/errors.js';
import { warn } from './output.js';

/**
 * Adds to the reports what was denied until now, before the rules change and counters may go.
 * A failure is told and keeps nothing else from being done. The caller holds the lock of the
 * state.
 */
export async function collectBefore(
  { loaded, backend }: FirewallSession,
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
    if (!(error instanceof KnownError)) throw error;
    warn(`what was denied since the last collection is not in the reports: ${error.message}`);
    return EXIT.partial;
  }
}
