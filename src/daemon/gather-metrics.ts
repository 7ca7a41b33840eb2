import type { LoadedConfig } from '../config/load.js';
import type { DenyCount } from '../firewall/backend.js';
import { chooseBackend } from '../firewall/choose.js';
import { FirewallFolder } from '../firewall/generations.js';
import { findLastUpdate } from '../jobs/last-update.js';
import type { ServiceSnapshot } from '../jobs/service-snapshot.js';
import { storedAges } from '../sources/stored-ages.js';
import { KnownError } from '../util/errors.js';
import { packageVersion } from '../util/version.js';
import type { MetricsInput } from './metrics-text.js';

/** The kernel is not asked more often: that starts a program. */
const COUNTS_KEPT_MS = 10_000;

/**
 * A function that gathers what metrics are made from.
 *
 * @param loaded the configuration in force
 * @param snapshot what the service tells of itself
 * @param nowMs the clock
 */
export function metricsGatherer(
  loaded: () => LoadedConfig,
  snapshot: () => ServiceSnapshot,
  nowMs: () => number = Date.now,
): () => Promise<MetricsInput> {
  let counted:
    { readonly atMs: number; readonly denied: readonly DenyCount[] | undefined } | undefined;
  return async () => {
    const { config, resolvePath } = loaded();
    const state = resolvePath(config.state);
    const now = nowMs();
    if (counted === undefined || Math.abs(now - counted.atMs) > COUNTS_KEPT_MS) {
      counted = { atMs: now, denied: await countDenied(loaded()) };
    }
    return {
      nowMs: now,
      version: packageVersion(),
      snapshot: snapshot(),
      ages: config.sources.csv.length > 0 ? [] : storedAges(state, config.sources.registries),
      record: findLastUpdate(state),
      denied: counted.denied,
    };
  };
}

/** Undefined where there is no firewall, or no right to read the kernel: then metrics lack it. */
async function countDenied({
  config,
  resolvePath,
}: LoadedConfig): Promise<DenyCount[] | undefined> {
  if (config.firewall === undefined) return undefined;
  try {
    const { current } = new FirewallFolder(resolvePath(config.state)).read();
    const { backend } = await chooseBackend(config.firewall.backend, current?.backend);
    return await backend.countDenied();
  } catch (error) {
    if (error instanceof KnownError) return undefined;
    throw error;
  }
}
