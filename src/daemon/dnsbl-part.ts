import { configuredServer } from '../dnsbl/configured-server.js';
import { DnsServer } from '../dnsbl/server/server.js';
import { statisticsLines } from '../dnsbl/server/statistics.js';
import type { Generation } from '../dnsbl/server/transport.js';
import type { Transfers } from '../dnsbl/transfer/transfers.js';
import type { DnsblSnapshot } from '../jobs/service-snapshot.js';
import type { Report } from '../util/report.js';
import type { ServiceConfig } from './configuration.js';
import { dnsblSnapshot, queriesOf } from './dnsbl-snapshot.js';
import type { Part } from './part.js';
import { Rate } from './rate.js';

const SAMPLE_MS = 10_000;

/**
 * The DNSBL as a part of the daemon. It starts without any data as well: the first update brings
 * it, and until then what was made by hand is served. Files are watched by itself.
 */
export class DnsblPart implements Part {
  readonly name = 'dnsbl';
  readonly #report: Report;
  #config: ServiceConfig;
  #server: DnsServer | undefined;
  #transfers: Transfers | undefined;
  #loadedAtMs: number | undefined;
  #rate = new Rate();
  #timer: NodeJS.Timeout | undefined;

  constructor(config: ServiceConfig, report: Report) {
    this.#config = config;
    this.#report = report;
  }

  async start(): Promise<void> {
    const { loaded, text, file } = this.#config;
    const { settings, transfers } = configuredServer(loaded, { text, file }, this.#report);
    const { user, ...kept } = settings;
    if (user !== undefined) {
      this.#report(
        'warning',
        `dnsbl.user: ${user} is not followed by \`sekisho run\`, which changes the kernel and ` +
          'writes the state; `sekisho serve` as a service of its own does',
      );
    }
    this.#transfers = transfers;
    const server = new DnsServer({
      ...kept,
      firstLoad: 'none',
      report: this.#report,
      onServing: (generation) => {
        this.#serving(generation);
      },
    });
    this.#server = server;
    await server.start();
    this.#rate = new Rate();
    const sample = (): void => {
      this.#rate.add(performance.now(), queriesOf(server.statistics().all));
    };
    sample();
    this.#timer = setInterval(sample, SAMPLE_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#transfers?.stop();
    await this.#server?.stop();
    this.#server = undefined;
  }

  async reload(config: ServiceConfig): Promise<readonly string[]> {
    if (config.loaded.config.dnsbl === undefined) return [];
    this.#config = config;
    const { text, file } = config;
    await this.#server?.reload({ text, file });
    return [];
  }

  reopenLogs(): void {
    this.#server?.reopenLog();
  }

  statisticsLines(): readonly string[] {
    return this.#server ? statisticsLines(this.#server.statistics(), Date.now()) : [];
  }

  /** Begins to count anew. */
  resetStatistics(): void {
    this.#server?.resetStatistics();
  }

  snapshot(): DnsblSnapshot | undefined {
    const server = this.#server;
    const { dnsbl } = this.#config.loaded.config;
    if (server === undefined || dnsbl === undefined) return undefined;
    const statistics = server.statistics();
    return dnsblSnapshot({
      listen: dnsbl.listen,
      serving: server.serving,
      loadedAtMs: this.#loadedAtMs,
      statistics,
      ratePerSecond: this.#rate.perSecond(performance.now(), queriesOf(statistics.all)),
    });
  }

  #serving(generation: Generation): void {
    this.#loadedAtMs = Date.now();
    this.#transfers?.serve(generation.compiled);
    const open = generation.compiled.zones.filter(({ state }) => state !== 'closed');
    const failed = open.filter(({ state }) => state === 'failed').length;
    const lack = failed > 0 ? `, ${failed} without content` : '';
    this.#report('info', `dnsbl: ${open.length} zones are answered${lack}`);
  }
}
