import { hostname } from 'node:os';

import { type UpdateRecord, findLastUpdate } from '../jobs/last-update.js';
import type { RunSnapshot } from '../jobs/service-snapshot.js';
import type { Voice } from '../jobs/voice.js';
import { EXIT } from '../util/errors.js';
import type { Report } from '../util/report.js';
import type { ServiceConfig } from './configuration.js';
import type { JobRunner } from './job-runner.js';
import { hostZone } from './local-time.js';
import { pastRunOf } from './past-run.js';
import { type PastRun, RunPlanner } from './run-planner.js';
import { Schedule } from './schedule.js';

export interface UpdateKeeperOptions {
  readonly runner: JobRunner;
  readonly report: Report;
  /** The configuration in force. */
  readonly config: () => ServiceConfig;
  readonly onUpdated: () => void;
}

/** A host that slept, or whose clock was set, is found out after so long at the most. */
const LOOK_EVERY_MS = 15_000;
const RUNS_KEPT = 10;

/** Updates by the schedule, each in a process of its own. */
export class UpdateKeeper {
  readonly #options: UpdateKeeperOptions;
  #planner: RunPlanner | undefined;
  #timer: NodeJS.Timeout | undefined;
  #runs: readonly RunSnapshot[] = [];
  #isUpdating = false;
  #isStopping = false;

  constructor(options: UpdateKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.reload();
    if (this.#planner === undefined) {
      this.#options.report('info', 'the configuration has no schedule: no updates are made');
    }
  }

  /** To be called when there is another configuration. */
  reload(): void {
    if (this.#isUpdating) return; // done when it has ended
    const { config } = this.#options.config().loaded;
    const record = this.#record();
    // a record that could not be written is older than what is known here
    const last = latest(record && pastRunOf(record), this.#planner?.last);
    this.#planner =
      config.schedule === undefined
        ? undefined
        : new RunPlanner({
            schedule: new Schedule(config.schedule, hostZone()),
            jitterMs: config.run.jitter,
            seed: hostname(),
            last,
          });
    this.#look();
  }

  stop(): void {
    this.#isStopping = true;
    clearTimeout(this.#timer);
  }

  /** Milliseconds since 1970; undefined where nothing is planned. */
  nextRunMs(): number | undefined {
    return this.#planner?.nextDueMs(Date.now());
  }

  /** The newest first. */
  get runs(): readonly RunSnapshot[] {
    return this.#runs;
  }

  #record(): UpdateRecord | undefined {
    const { config, resolvePath } = this.#options.config().loaded;
    return findLastUpdate(resolvePath(config.state));
  }

  #look(): void {
    clearTimeout(this.#timer);
    const planner = this.#planner;
    if (planner === undefined || this.#isStopping) return;
    const nowMs = Date.now();
    if (planner.isDue(nowMs)) {
      void this.#update(planner, nowMs);
    }
    const waitMs = Math.max(0, (planner.nextDueMs(nowMs) ?? Infinity) - nowMs);
    // an update under way is due as well until it has ended
    const partMs = waitMs === 0 ? LOOK_EVERY_MS : Math.min(LOOK_EVERY_MS, waitMs);
    this.#timer = setTimeout(() => {
      this.#look();
    }, partMs);
  }

  async #update(planner: RunPlanner, nowMs: number): Promise<void> {
    const { runner, report, config, onUpdated } = this.#options;
    const dueMs = planner.nextDueMs(nowMs) ?? nowMs;
    planner.began();
    this.#isUpdating = true;
    const voice: Voice = {
      note: (text) => {
        report('info', text);
      },
      warn: (text) => {
        report('warning', text);
      },
    };
    report('info', 'update');
    const result = await runner.run({ kind: 'update', dueMs }, config(), voice);
    const endedMs = Date.now();
    const record = this.#record();
    const known = record && Date.parse(record.endedAt) >= dueMs ? pastRunOf(record) : undefined;
    const wantsRetry = known?.wantsRetry ?? result.kind === 'failed';
    // what was begun counts from its beginning, whoever ran it and whatever became of its record
    planner.ended({ startedMs: nowMs, endedMs, wantsRetry });
    if (result.kind === 'skipped') {
      if (!this.#isStopping) report('info', 'the update was left to the other run');
    } else if (result.kind === 'failed') {
      const level = this.#isStopping ? 'info' : 'error';
      report(level, `the update failed: ${result.message}`);
      this.#keep(nowMs, endedMs, known && record ? record.exitCode : null);
    } else if (result.kind === 'update') {
      const { exitCode } = result;
      if (exitCode === EXIT.done) report('info', 'the update is done');
      else if (exitCode === EXIT.partial)
        report('warning', 'the update is done in part; see above');
      else report('error', 'the update failed; see above');
      this.#keep(nowMs, endedMs, exitCode);
      onUpdated();
    }
    this.#isUpdating = false;
    this.reload();
  }

  #keep(startedMs: number, endedMs: number, exitCode: number | null): void {
    const [startedAt, endedAt] = [startedMs, endedMs].map((ms) => new Date(ms).toISOString()) as [
      string,
      string,
    ];
    const run: RunSnapshot = { trigger: 'daemon', startedAt, endedAt, exitCode };
    this.#runs = [run, ...this.#runs].slice(0, RUNS_KEPT);
  }
}

function latest(a: PastRun | undefined, b: PastRun | undefined): PastRun | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.startedMs >= b.startedMs ? a : b;
}
