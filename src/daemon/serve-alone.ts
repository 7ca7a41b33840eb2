import { configuredServer } from '../dnsbl/configured-server.js';
import type { ConfiguredZones } from '../dnsbl/lists/load-zones.js';
import { runForeground } from '../dnsbl/server/run-foreground.js';
import type { DnsServer } from '../dnsbl/server/server.js';
import type { ServiceSnapshot } from '../jobs/service-snapshot.js';
import type { ExitCode } from '../util/errors.js';
import type { Report } from '../util/report.js';
import { packageVersion } from '../util/version.js';
import { type ConfigText, type ServiceConfig, readServiceConfig } from './configuration.js';
import { ConfiguredMetrics } from './configured-metrics.js';
import { dnsblSnapshot, queriesOf } from './dnsbl-snapshot.js';
import { Rate } from './rate.js';
import { restartLines } from './restart-lines.js';
import { offerSnapshot, startMetrics } from './tell-alone.js';

export interface ServeOptions {
  readonly config: ServiceConfig;
  /** As on the command line. */
  readonly path: string | undefined;
  /** Statistics files in place of the state. */
  readonly from: readonly string[] | undefined;
  readonly report: Report;
}

const SAMPLE_MS = 10_000;
const PARTS = ['dnsbl', 'metrics'] as const;

/**
 * `sekisho serve`: the DNSBL and nothing else. SIGHUP reads the configuration again: where it is
 * wrong, the old one stays.
 *
 * @returns exit code 0 once it was told to end
 * @throws as `runForeground`
 */
export async function serveAlone({
  path,
  from,
  report,
  ...given
}: ServeOptions): Promise<ExitCode> {
  let { config } = given;
  const startedAt = new Date().toISOString();
  const zonesOf = ({ text, file }: ConfigText): ConfiguredZones => ({
    text,
    file,
    ...(from && { from }),
  });
  const { settings, transfers } = configuredServer(config.loaded, zonesOf(config), report);
  const rate = new Rate();
  let server: DnsServer | undefined;
  let loadedAtMs: number | undefined;
  const queries = (): number => (server ? queriesOf(server.statistics().all) : 0);
  const sample = (): void => {
    rate.add(performance.now(), queries());
  };
  const snapshot = (): ServiceSnapshot => {
    const dnsbl =
      server &&
      dnsblSnapshot({
        listen: settings.listen,
        serving: server.serving,
        loadedAtMs,
        statistics: server.statistics(),
        ratePerSecond: rate.perSecond(performance.now(), queries()),
      });
    return {
      format: 1,
      service: 'serve',
      pid: process.pid,
      version: packageVersion(),
      startedAt,
      configFile: config.file === undefined ? null : config.loaded.resolvePath(config.file),
      configuredAt: new Date(config.readAtMs).toISOString(),
      nextRunAt: null,
      lastRuns: [],
      parts: {},
      ...(dnsbl && { dnsbl }),
      warnings: [],
    };
  };
  // before the rights are given up that the folder may need
  const socket = await offerSnapshot(config, 'serve', snapshot, report);
  const metrics = new ConfiguredMetrics(config, snapshot);
  const timer = setInterval(sample, SAMPLE_MS).unref();
  try {
    return await runForeground({
      settings,
      report,
      onServer: (made) => (server = made),
      onReady: () => {
        sample();
        void startMetrics(metrics, report);
      },
      onServing: ({ compiled }) => {
        loadedAtMs = Date.now();
        transfers.serve(compiled);
      },
      onReload: () => {
        const next = readServiceConfig(config.file ?? path);
        for (const line of restartLines(config.loaded.config, next.loaded.config, PARTS)) {
          report('warning', line);
        }
        config = next;
        void metrics.reload(next).then((lines) => {
          for (const line of lines) report('warning', line);
        });
        return zonesOf(next);
      },
    });
  } finally {
    clearInterval(timer);
    transfers.stop();
    await metrics.stop();
    await socket?.close();
  }
}
