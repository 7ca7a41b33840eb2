import { existsSync } from 'node:fs';

import type { ServiceName, ServiceSnapshot } from '../jobs/service-snapshot.js';
import { EXIT, KnownError, messageOf } from '../util/errors.js';
import type { Report } from '../util/report.js';
import { packageVersion } from '../util/version.js';
import { type ConfigText, type ServiceConfig, readServiceConfig } from './configuration.js';
import { ConfiguredMetrics } from './configured-metrics.js';
import { restartLines } from './restart-lines.js';
import { SnapshotSocket } from './snapshot-socket.js';

export interface LoneOptions {
  readonly config: ServiceConfig;
  /** As on the command line. */
  readonly path: string | undefined;
  /** Statistics files in place of the state. */
  readonly from: readonly string[] | undefined;
  readonly report: Report;
}

/** What does the work, as it tells of itself. */
export interface LoneWork {
  readonly service: Exclude<ServiceName, 'run'>;
  /** Its part of the configuration. */
  readonly part: 'dnsbl' | 'milter';
  readonly facts: () => Pick<ServiceSnapshot, 'dnsbl' | 'milter'>;
}

/** What lists are made of: the text of a configuration, and files in place of the state. */
export interface LoneInput extends ConfigText {
  readonly from?: readonly string[];
}

/**
 * What a service that does one thing alone has beside its work: its configuration, and what it
 * tells of itself. It does its work without the latter as well.
 */
export class LoneService {
  readonly #options: LoneOptions;
  readonly #work: LoneWork;
  readonly #startedAt = new Date().toISOString();
  readonly #metrics: ConfiguredMetrics;
  #config: ServiceConfig;
  #socket: SnapshotSocket | undefined;

  constructor(options: LoneOptions, work: LoneWork) {
    this.#options = options;
    this.#work = work;
    this.#config = options.config;
    this.#metrics = new ConfiguredMetrics(options.config, () => this.snapshot());
  }

  /** By the configuration in force. */
  get input(): LoneInput {
    const { text, file } = this.#config;
    const { from } = this.#options;
    return { text, file, ...(from && { from }) };
  }

  snapshot(): ServiceSnapshot {
    const { loaded, file, readAtMs } = this.#config;
    return {
      format: 1,
      service: this.#work.service,
      pid: process.pid,
      version: packageVersion(),
      startedAt: this.#startedAt,
      configFile: file === undefined ? null : loaded.resolvePath(file),
      configuredAt: new Date(readAtMs).toISOString(),
      nextRunAt: null,
      lastRuns: [],
      parts: {},
      ...this.#work.facts(),
      warnings: [],
    };
  }

  /**
   * Offers the snapshot, before the rights are given up that the folder may need. Whoever works
   * with a state that is not his, or beside another one, does so without a socket.
   *
   * @returns whether it is offered
   */
  async offerSnapshot(): Promise<boolean> {
    const { config, resolvePath } = this.#config.loaded;
    const state = resolvePath(config.state);
    if (!existsSync(state)) return false; // whoever needs none gets none
    try {
      this.#socket = await SnapshotSocket.open(state, this.#work.service, () => this.snapshot());
      return true;
    } catch (error) {
      if (!(error instanceof KnownError)) throw error;
      const why = error.exitCode === EXIT.usage ? error.message.split(';')[0] : error.message;
      this.#options.report('info', `\`sekisho status\` does not see this service: ${why}`);
      return false;
    }
  }

  /** Where metrics cannot be served, the log says so. */
  async startMetrics(): Promise<void> {
    const failed = (error: unknown): void => {
      this.#options.report('error', `metrics are not served: ${messageOf(error)}`);
    };
    await this.#metrics.start(failed).catch(failed);
  }

  /**
   * Reads the configuration again, and says what of it holds after a restart only.
   *
   * @throws UsageError where it is wrong: the old one stays
   */
  reload(): LoneInput {
    const { path, report } = this.#options;
    const next = readServiceConfig(this.#config.file ?? path);
    const warn = (lines: readonly string[]): void => {
      for (const line of lines) report('warning', line);
    };
    const parts = [this.#work.part, 'metrics'] as const;
    warn(restartLines(this.#config.loaded.config, next.loaded.config, parts));
    this.#config = next;
    void this.#metrics.reload(next).then(warn);
    return this.input;
  }

  async close(): Promise<void> {
    await this.#metrics.stop();
    await this.#socket?.close();
  }
}
