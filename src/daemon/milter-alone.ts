import type { ServiceSnapshot } from '../jobs/service-snapshot.js';
import { ServiceState } from '../linux/service-state.js';
import type { MilterInput } from '../mta/milter/load-settings.js';
import { runMilter } from '../mta/milter/run-foreground.js';
import { MilterServer } from '../mta/milter/server/server.js';
import type { ExitCode } from '../util/errors.js';
import type { Report } from '../util/report.js';
import { packageVersion } from '../util/version.js';
import { type ConfigText, type ServiceConfig, readServiceConfig } from './configuration.js';
import { ConfiguredMetrics } from './configured-metrics.js';
import { keepTallies } from './keep-tallies.js';
import { restartLines } from './restart-lines.js';
import { offerSnapshot, startMetrics } from './tell-alone.js';

export interface MilterOptions {
  readonly config: ServiceConfig;
  /** As on the command line. */
  readonly path: string | undefined;
  /** Statistics files in place of the state. */
  readonly from: readonly string[] | undefined;
  readonly report: Report;
}

const PARTS = ['milter', 'metrics'] as const;

/**
 * `sekisho milter`: the milter and nothing else. SIGHUP reads the configuration again: where it is
 * wrong, the old one stays.
 *
 * @returns exit code 0 once it was told to end
 * @throws as `runMilter`
 */
export async function milterAlone({
  path,
  from,
  report,
  ...given
}: MilterOptions): Promise<ExitCode> {
  let { config } = given;
  const startedAt = new Date().toISOString();
  const inputOf = ({ text, file }: ConfigText): MilterInput => ({
    text,
    file,
    ...(from && { from }),
  });
  const server = new MilterServer(inputOf(config), report);
  const snapshot = (): ServiceSnapshot => ({
    format: 1,
    service: 'milter',
    pid: process.pid,
    version: packageVersion(),
    startedAt,
    configFile: config.file === undefined ? null : config.loaded.resolvePath(config.file),
    configuredAt: new Date(config.readAtMs).toISOString(),
    nextRunAt: null,
    lastRuns: [],
    parts: {},
    milter: server.snapshot(),
    warnings: [],
  });
  const metrics = new ConfiguredMetrics(config, snapshot);
  // before the rights are given up that the folder may need
  const socket = await offerSnapshot(config, 'milter', snapshot, report);
  const tallies = socket && (await keepTallies(config, 'milter', server, report));
  try {
    return await runMilter({
      server,
      report,
      state: new ServiceState(process.env, report),
      onReady: () => startMetrics(metrics, report),
      readInput: () => {
        const next = readServiceConfig(config.file ?? path);
        for (const line of restartLines(config.loaded.config, next.loaded.config, PARTS)) {
          report('warning', line);
        }
        config = next;
        void metrics.reload(next).then((lines) => {
          for (const line of lines) report('warning', line);
        });
        return inputOf(next);
      },
    });
  } finally {
    await metrics.stop();
    tallies?.close();
    await socket?.close();
  }
}
