import { existsSync } from 'node:fs';

import type { ServiceName, ServiceSnapshot } from '../jobs/service-snapshot.js';
import { EXIT, KnownError, messageOf } from '../util/errors.js';
import type { Report } from '../util/report.js';
import type { ServiceConfig } from './configuration.js';
import type { ConfiguredMetrics } from './configured-metrics.js';
import { SnapshotSocket } from './snapshot-socket.js';

/*
 * What a service that does one thing alone tells of itself: it does its work without that as well.
 */

/** Where they cannot be served, the log says so. */
export async function startMetrics(metrics: ConfiguredMetrics, report: Report): Promise<void> {
  const failed = (error: unknown): void => {
    report('error', `metrics are not served: ${messageOf(error)}`);
  };
  await metrics.start(failed).catch(failed);
}

/** Whoever works with a state that is not his, or beside another one, does so without a socket. */
export async function offerSnapshot(
  { loaded: { config, resolvePath } }: ServiceConfig,
  service: ServiceName,
  snapshot: () => ServiceSnapshot,
  report: Report,
): Promise<SnapshotSocket | undefined> {
  const state = resolvePath(config.state);
  if (!existsSync(state)) return undefined; // whoever needs none gets none
  try {
    return await SnapshotSocket.open(state, service, snapshot);
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    const why = error.exitCode === EXIT.usage ? error.message.split(';')[0] : error.message;
    report('info', `\`sekisho status\` does not see this service: ${why}`);
    return undefined;
  }
}
