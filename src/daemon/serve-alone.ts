import { configuredServer } from '../dnsbl/configured-server.js';
import { runForeground } from '../dnsbl/server/run-foreground.js';
import type { DnsServer } from '../dnsbl/server/server.js';
import type { DnsblSnapshot } from '../jobs/service-snapshot.js';
import type { ExitCode } from '../util/errors.js';
import { dnsblSnapshot, queriesOf } from './dnsbl-snapshot.js';
import { type LoneOptions, LoneService } from './lone-service.js';
import { Rate } from './rate.js';

const SAMPLE_MS = 10_000;

/**
 * `sekisho serve`: the DNSBL and nothing else. SIGHUP reads the configuration again: where it is
 * wrong, the old one stays.
 *
 * @returns exit code 0 once it was told to end
 * @throws as `runForeground`
 */
export async function serveAlone(options: LoneOptions): Promise<ExitCode> {
  const { config, report } = options;
  const rate = new Rate();
  let server: DnsServer | undefined;
  let loadedAtMs: number | undefined;
  const queries = (): number => (server ? queriesOf(server.statistics().all) : 0);
  const sample = (): void => {
    rate.add(performance.now(), queries());
  };
  const dnsbl = (): DnsblSnapshot | undefined =>
    server &&
    dnsblSnapshot({
      listen: settings.listen,
      serving: server.serving,
      loadedAtMs,
      statistics: server.statistics(),
      ratePerSecond: rate.perSecond(performance.now(), queries()),
    });
  const lone = new LoneService(options, {
    service: 'serve',
    part: 'dnsbl',
    facts: () => {
      const facts = dnsbl();
      return facts ? { dnsbl: facts } : {};
    },
  });
  const { settings, transfers } = configuredServer(config.loaded, lone.input, report);
  await lone.offerSnapshot();
  const timer = setInterval(sample, SAMPLE_MS).unref();
  try {
    return await runForeground({
      settings,
      report,
      onServer: (made) => (server = made),
      onReady: () => {
        sample();
        void lone.startMetrics();
      },
      onServing: ({ compiled }) => {
        loadedAtMs = Date.now();
        transfers.serve(compiled);
      },
      onReload: () => lone.reload(),
    });
  } finally {
    clearInterval(timer);
    transfers.stop();
    await lone.close();
  }
}
