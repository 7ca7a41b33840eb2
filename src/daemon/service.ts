import { readConfigText } from '../config/load.js';
import { ServiceState } from '../linux/service-state.js';
import type { ServiceSnapshot } from '../jobs/service-snapshot.js';
import { EXIT, type ExitCode, KnownError, messageOf, stackOf } from '../util/errors.js';
import type { Report } from '../util/report.js';
import { packageVersion } from '../util/version.js';
import { type ServiceConfig, readServiceConfig } from './configuration.js';
import { ConfiguredMetrics } from './configured-metrics.js';
import { DnsblPart } from './dnsbl-part.js';
import { FeedKeeper } from './feed-keeper.js';
import { FirewallKeeper } from './firewall-keeper.js';
import { JobRunner } from './job-runner.js';
import { MilterPart } from './milter-part.js';
import type { Part } from './part.js';
import { PartKeeper } from './part-keeper.js';
import { restartLines } from './restart-lines.js';
import { SnapshotSocket } from './snapshot-socket.js';
import { UpdateKeeper } from './update-keeper.js';

export interface ServiceOptions {
  /** As on the command line. */
  readonly path: string | undefined;
  readonly config: ServiceConfig;
  readonly report: Report;
  readonly environment?: NodeJS.ProcessEnv;
}

const PARTS = ['dnsbl', 'milter', 'metrics'] as const;

/**
 * `sekisho run`: keeps everything going that the configuration names, in one process that starts
 * others for work which takes much memory. What fails alone is started again alone.
 */
export class Service {
  readonly #options: ServiceOptions;
  readonly #state: ServiceState;
  readonly #runner = new JobRunner();
  readonly #parts: readonly PartKeeper[];
  readonly #dnsbl: DnsblPart | undefined;
  readonly #milter: MilterPart | undefined;
  readonly #firewall: FirewallKeeper;
  readonly #updates: UpdateKeeper;
  readonly #feeds: FeedKeeper;
  readonly #startedAt = new Date().toISOString();
  #config: ServiceConfig;
  #reloading: Promise<boolean> | undefined;
  #socket: SnapshotSocket | undefined;
  #isServing = false;
  #isStopping = false;

  constructor(options: ServiceOptions) {
    const { config, report, environment = process.env } = options;
    this.#options = options;
    this.#config = config;
    this.#state = new ServiceState(environment, report);
    const { dnsbl, milter } = config.loaded.config;
    this.#dnsbl = dnsbl && new DnsblPart(config, report);
    this.#milter = milter && new MilterPart(config, report);
    this.#parts = this.#makeParts().map((part) => new PartKeeper(part, report));
    const shared = { runner: this.#runner, report, config: () => this.#config };
    this.#firewall = new FirewallKeeper({ ...shared, onForeignApply: () => this.#followApply() });
    this.#feeds = new FeedKeeper(shared);
    this.#updates = new UpdateKeeper({
      ...shared,
      onUpdated: () => {
        this.#firewall.tendedByUpdate();
      },
    });
  }

  /** Everything that runs beside schedule and firewall: another part gets its line here. */
  #makeParts(): Part[] {
    const { config } = this.#options;
    const metrics =
      config.loaded.config.metrics && new ConfiguredMetrics(config, () => this.snapshot());
    return [this.#dnsbl, this.#milter, metrics].filter((part) => part !== undefined);
  }

  /**
   * Runs until SIGTERM or SIGINT. SIGHUP reads the configuration again and opens logs anew,
   * SIGUSR1 writes counts to the log, SIGUSR2 does and begins to count anew.
   *
   * @returns exit code 0 once it was told to end
   * @throws KnownError where a part cannot be started
   */
  async run(): Promise<ExitCode> {
    let end: (word: 'end') => void = () => undefined;
    const ending = new Promise<'end'>((resolve) => (end = resolve));
    const handlers: Readonly<Partial<Record<NodeJS.Signals, () => void>>> = {
      SIGTERM: () => {
        end('end');
      },
      SIGINT: () => {
        end('end');
      },
      SIGHUP: () => void this.#hangUp(),
      SIGUSR1: () => {
        this.#tellCounts();
      },
      SIGUSR2: () => {
        this.#tellCounts();
        this.#dnsbl?.resetStatistics();
      },
    };
    for (const [name, handler] of Object.entries(handlers)) process.on(name, handler);
    try {
      const started = this.#start();
      const first = await Promise.race([started, ending]);
      if (first !== 'end') await ending;
      await this.#stop();
      if (first === 'end') await started.catch(() => undefined);
      return EXIT.done;
    } catch (error) {
      await this.#stop();
      throw error;
    } finally {
      for (const [name, handler] of Object.entries(handlers)) process.off(name, handler);
    }
  }

  /**
   * Reads the configuration again. Where it is wrong the old one stays, and the log says why.
   *
   * @returns whether there is another one
   */
  reload(): Promise<boolean> {
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  snapshot(): ServiceSnapshot {
    const { loaded, file, readAtMs } = this.#config;
    const nextRunMs = this.#updates.nextRunMs();
    const nextFeedMs = this.#feeds.nextFeedMs();
    const dnsbl = this.#dnsbl?.snapshot();
    const milter = this.#milter?.snapshot();
    return {
      format: 1,
      service: 'run',
      pid: process.pid,
      version: packageVersion(),
      startedAt: this.#startedAt,
      configFile: file === undefined ? null : loaded.resolvePath(file),
      configuredAt: new Date(readAtMs).toISOString(),
      nextRunAt: nextRunMs === undefined ? null : new Date(nextRunMs).toISOString(),
      ...(nextFeedMs !== undefined && { nextFeedAt: new Date(nextFeedMs).toISOString() }),
      lastRuns: this.#updates.runs,
      parts: Object.fromEntries(this.#parts.map((keeper) => [keeper.part.name, keeper.snapshot()])),
      ...(dnsbl && { dnsbl }),
      ...(milter && { milter }),
      ...(loaded.config.firewall && {
        drift: this.#firewall.drift(),
        hits: this.#firewall.hits(),
      }),
      warnings: this.#warnings(),
    };
  }

  async #start(): Promise<void> {
    const { report } = this.#options;
    await this.#openSocket();
    await Promise.all([...this.#parts.map((keeper) => keeper.start()), this.#firewall.start()]);
    if (this.#isStopping) return;
    this.#updates.start();
    this.#feeds.start();
    this.#isServing = true;
    const status = this.#status();
    report('info', status);
    await this.#state.ready(status);
  }

  async #stop(): Promise<void> {
    this.#isStopping = true;
    await this.#state.stopping();
    this.#updates.stop();
    this.#feeds.stop();
    this.#firewall.stop();
    await Promise.all([this.#runner.stop(), ...this.#parts.map((keeper) => keeper.stop())]);
    await this.#socket?.close();
    this.#state.close();
  }

  /** Without a place for the socket, the gates are kept all the same. */
  async #openSocket(): Promise<void> {
    const { config, resolvePath } = this.#config.loaded;
    try {
      this.#socket = await SnapshotSocket.open(resolvePath(config.state), 'run', () =>
        this.snapshot(),
      );
    } catch (error) {
      if (!(error instanceof KnownError) || error.exitCode === EXIT.usage) throw error;
      this.#options.report(
        'warning',
        `\`sekisho status\` cannot ask this service: ${error.message}`,
      );
    }
  }

  async #hangUp(): Promise<void> {
    if (!this.#isServing) return; // the configuration was read a moment ago
    for (const { part } of this.#parts) part.reopenLogs?.();
    await this.#state.reloading();
    await this.reload();
    await this.#state.ready(this.#status());
  }

  /** Somebody applied by hand: by the file as it is now, which nobody told us of. */
  async #followApply(): Promise<'same' | 'reloaded' | 'refused'> {
    try {
      const { file } = this.#config;
      if (readConfigText(file).text === this.#config.text) return 'same';
    } catch (error) {
      if (!(error instanceof KnownError)) throw error; // the reload says so
    }
    return (await this.reload()) ? 'reloaded' : 'refused';
  }

  async #reload(): Promise<boolean> {
    const { path, report } = this.#options;
    let next: ServiceConfig;
    try {
      next = readServiceConfig(this.#config.file ?? path);
    } catch (error) {
      const text = error instanceof KnownError ? messageOf(error) : stackOf(error);
      report('error', `the old configuration stays in force: ${text}`);
      return false;
    }
    const isOther = next.text !== this.#config.text;
    const restarts = restartLines(this.#config.loaded.config, next.loaded.config, PARTS);
    this.#config = next;
    const lines = await Promise.all(this.#parts.map(async ({ part }) => part.reload?.(next) ?? []));
    for (const line of [...restarts, ...lines.flat()]) report('warning', line);
    this.#updates.reload();
    this.#feeds.reload();
    report(
      'info',
      isOther ? 'another configuration is in force' : 'the configuration is as it was',
    );
    await this.#firewall.reload();
    return true;
  }

  #tellCounts(): void {
    for (const { part } of this.#parts) {
      for (const line of part.statisticsLines?.() ?? []) this.#options.report('info', line);
    }
  }

  #status(): string {
    const next = this.#updates.nextRunMs();
    const parts = this.#parts.map(({ part }) => part.name);
    if (this.#config.loaded.config.firewall !== undefined) parts.unshift('firewall');
    const what = parts.length > 0 ? parts.join(', ') : 'nothing but updates';
    const when = next === undefined ? 'none planned' : new Date(next).toISOString();
    return `keeping ${what}; next update: ${when}`;
  }

  #warnings(): string[] {
    const warnings: string[] = [];
    for (const { part, ...keeper } of this.#parts.map((each) => ({
      part: each.part,
      ...each.snapshot(),
    }))) {
      if (keeper.state === 'failed')
        warnings.push(`${part.name} failed: ${keeper.lastFault ?? ''}`);
    }
    const zones = this.#dnsbl?.snapshot()?.zones ?? [];
    for (const { name, state } of zones) {
      if (state === 'failed') warnings.push(`zone ${name} has no content and answers SERVFAIL`);
    }
    const { heldBack } = this.#firewall.drift();
    if (heldBack !== null) warnings.push(`the firewall is left alone: ${heldBack}`);
    return warnings;
  }
}
