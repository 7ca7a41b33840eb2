import { FirewallFolder } from '../firewall/generations.js';
import type { DriftSnapshot, HitsSnapshot } from '../jobs/service-snapshot.js';
import type { Tended } from '../jobs/tend.js';
import { notifyOfDrift } from '../jobs/notify/notify.js';
import type { Voice } from '../jobs/voice.js';
import { feedPaths } from '../lists/feed-path.js';
import { storedPath } from '../sources/store.js';
import { EXIT, KnownError, stackOf } from '../util/errors.js';
import type { Report } from '../util/report.js';
import { ToldBefore } from '../util/told-before.js';
import { FileWatch, signatureOf } from '../util/watch-files.js';
import type { ServiceConfig } from './configuration.js';
import type { JobResult } from './job-messages.js';
import type { JobRunner } from './job-runner.js';

/** Why the kernel is compared with the configuration. */
type Reason = 'start' | 'interval' | 'files' | 'end' | 'reload';

export interface FirewallKeeperOptions {
  readonly runner: JobRunner;
  readonly report: Report;
  /** The configuration in force. */
  readonly config: () => ServiceConfig;
  /** Called where somebody else has applied, since when the configuration's file may be another. */
  readonly onForeignApply: () => Promise<'same' | 'reloaded' | 'refused'>;
}

/** Of looks that changes of files bring about. */
const FILES_EVERY_MS = 5000;
/** A timer of Node.js runs out at once where it is set to more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Keeps the kernel as the configuration and the lists say: at the start, when a list's file
 * changes, when an entry ends that the kernel does not end by itself, and by looking every now
 * and then.
 */
export class FirewallKeeper {
  readonly #options: FirewallKeeperOptions;
  readonly #watch = new FileWatch(() => {
    this.#checkFiles();
  });
  #drift: DriftSnapshot = {
    lastCheckAt: null,
    lastRepairAt: null,
    repairs: 0,
    lastDifference: [],
    heldBack: null,
  };
  #lastCollectedAt: string | null = null;
  readonly #told = new ToldBefore();
  readonly #toldOfHits = new ToldBefore();
  #generation: number | undefined;
  #queued: Promise<void> | undefined;
  #timers: NodeJS.Timeout[] = [];
  #endTimer: NodeJS.Timeout | undefined;
  #filesTimer: NodeJS.Timeout | undefined;
  #filesCheckedMs = -Infinity;
  #files: string | undefined;
  #isStopped = false;

  constructor(options: FirewallKeeperOptions) {
    this.#options = options;
  }

  /** Applies for the first time, and looks from then on; resolves when the first apply was tried. */
  async start(): Promise<void> {
    this.#watchFiles(Date.now());
    await this.check('start');
    if (!this.#isStopped) this.#setTimers();
  }

  stop(): void {
    this.#isStopped = true;
    this.#quiet();
  }

  #quiet(): void {
    this.#watch.stop();
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#endTimer);
    clearTimeout(this.#filesTimer);
    this.#filesTimer = undefined;
  }

  /** To be called when there is another configuration. */
  async reload(): Promise<void> {
    if (this.#isStopped) return;
    this.#quiet();
    this.#watchFiles(Date.now());
    this.#setTimers();
    await this.check('reload');
  }

  drift(): DriftSnapshot {
    return this.#drift;
  }

  hits(): HitsSnapshot {
    return { lastCollectedAt: this.#lastCollectedAt };
  }

  /** An update has compared and applied, too. */
  tendedByUpdate(): void {
    const now = new Date().toISOString();
    this.#drift = { ...this.#drift, lastCheckAt: now };
    this.#lastCollectedAt = now;
    this.#generation = this.#readGeneration();
  }

  /** Compares and puts right; what is asked for while one check waits for its turn is that one. */
  check(reason: Reason): Promise<void> {
    // whatever fails here ends no other part, and the next look may succeed
    this.#queued ??= this.#check(reason).catch((error: unknown) => {
      this.#queued = undefined;
      this.#options.report('error', `the firewall was not looked at: ${stackOf(error)}`);
    });
    return this.#queued;
  }

  async #check(reason: Reason): Promise<void> {
    const { config, runner, report } = this.#options;
    // from its beginning on it may miss what comes then
    await Promise.resolve();
    if (config().loaded.config.firewall === undefined) {
      this.#queued = undefined;
      return;
    }
    if (reason !== 'start' && reason !== 'reload' && this.#isForeign()) {
      this.#queued = undefined; // a reload makes a check of its own
      if ((await this.#options.onForeignApply()) !== 'same') return;
    }
    const before = this.#files;
    this.#files = this.#filesSignature();
    const warnings: string[] = [];
    const voice: Voice = {
      note: () => undefined,
      warn: (text) => {
        warnings.push(text);
      },
    };
    const done = runner.run({ kind: 'tend', repair: true }, config(), voice);
    this.#queued = undefined;
    const result = await done;
    // what a person wrote just now is no drift
    const isWritten = this.#filesSignature() !== before;
    this.#take(result, reason === 'interval' && isWritten ? 'files' : reason, voice);
    for (const text of this.#told.newsIn(warnings)) report('warning', text);
  }

  /** `block` has told the kernel already: where many come, a look every now and then is enough. */
  #checkFiles(): void {
    const waitMs = Math.max(0, this.#filesCheckedMs + FILES_EVERY_MS - performance.now());
    this.#filesTimer ??= setTimeout(() => {
      this.#filesTimer = undefined;
      this.#filesCheckedMs = performance.now();
      void this.check('files');
    }, waitMs);
  }

  async #collect(): Promise<void> {
    const { config, runner, report } = this.#options;
    const { firewall, milter } = config().loaded.config;
    if (firewall === undefined && milter === undefined) return;
    const warnings: string[] = [];
    const voice: Voice = { note: () => undefined, warn: (text) => warnings.push(text) };
    const result = await runner.run({ kind: 'tend', repair: false }, config(), voice);
    if (result.kind === 'tend') this.#tookHits(result.tended);
    else if (result.kind === 'failed') warnings.push(result.message);
    for (const text of this.#toldOfHits.newsIn(warnings)) report('warning', text);
  }

  #take(result: JobResult, reason: Reason, voice: Voice): void {
    if (this.#isStopped) return; // it was told to stop
    const { report } = this.#options;
    if (result.kind === 'failed') {
      const text = `the firewall was not compared with the configuration: ${result.message}`;
      if (result.isDefect) report('error', text);
      else voice.warn(text);
    }
    if (result.kind !== 'tend') return;
    const { tended } = result;
    this.#tookHits(tended);
    this.#drift = { ...this.#drift, heldBack: tended.heldBack ?? null };
    this.#generation = this.#readGeneration();
    if (!tended.isCompared) return;
    this.#endAt(tended.nextEndMs);
    const now = new Date().toISOString();
    // what could not be applied at the start is no drift
    const isFirst = this.#drift.lastCheckAt === null;
    this.#drift = { ...this.#drift, lastCheckAt: now };
    const { difference, wasEmpty } = tended;
    if (difference.length === 0 && !wasEmpty) return;
    // an edit accounts for other entries and rules, not for a kernel that was emptied
    const isExpected = isFirst || reason === 'start' || reason === 'reload' || !wasEmpty;
    if (isFirst || (reason !== 'interval' && isExpected)) {
      const why = REASONS[reason === 'interval' ? 'start' : reason];
      report('info', `the firewall was brought up to date (${why})`);
      for (const line of wasEmpty ? [] : difference) report('info', line);
      return;
    }
    this.#drift = {
      ...this.#drift,
      lastRepairAt: now,
      repairs: this.#drift.repairs + 1,
      lastDifference: difference,
    };
    report('warning', 'the kernel did not hold what the configuration says; it was put right:');
    for (const line of difference) report('warning', line);
    if (wasEmpty) report('warning', 'nothing of ours was there');
    const lines = wasEmpty ? ['nothing of ours was there', ...difference] : difference;
    void notifyOfDrift(this.#options.config().loaded, now, lines, voice);
  }

  #tookHits({ exitCode, isCompared }: Tended): void {
    if (exitCode === EXIT.done || isCompared) this.#lastCollectedAt = new Date().toISOString();
  }

  /** Whether somebody else has applied, perhaps by another configuration than ours. */
  #isForeign(): boolean {
    return this.#generation !== undefined && this.#readGeneration() !== this.#generation;
  }

  #readGeneration(): number | undefined {
    const { config, resolvePath } = this.#options.config().loaded;
    try {
      return new FirewallFolder(resolvePath(config.state)).read().current?.number;
    } catch (error) {
      if (!(error instanceof KnownError)) throw error;
      return undefined; // the job that comes reads it, too, and says so
    }
  }

  #watchFiles(sinceMs: number): void {
    if (this.#options.config().loaded.config.firewall === undefined) return;
    this.#watch.watch(this.#listFiles(), sinceMs);
  }

  /** Files of the lists that are kept by hand, and copies of feeds. */
  #listFiles(): string[] {
    const { config, resolvePath } = this.#options.config().loaded;
    const state = resolvePath(config.state);
    return Object.entries(config.lists).flatMap(([name, { file, url, stale }]) => {
      if (file !== undefined) return [resolvePath(file)];
      return url === undefined ? [] : feedPaths(state, name, stale);
    });
  }

  /** What lists are made from: also the registries' files, which `sekisho fetch` replaces. */
  #dataFiles(): string[] {
    const { config, resolvePath } = this.#options.config().loaded;
    const { csv, registries } = config.sources;
    const state = resolvePath(config.state);
    const stored = registries.map((registry) => storedPath(state, registry));
    return [...this.#listFiles(), ...csv.map(resolvePath), ...stored];
  }

  #filesSignature(): string {
    return this.#dataFiles()
      .map((path) => signatureOf(path).text)
      .join();
  }

  #setTimers(): void {
    const { drift_every, hits_every } = this.#options.config().loaded.config.run;
    const every = (ms: number, work: () => Promise<void>): NodeJS.Timeout =>
      setInterval(() => void work(), ms);
    this.#timers = [
      every(drift_every, () => this.check('interval')),
      every(hits_every, () => this.#collect()),
    ];
  }

  #endAt(timeMs: number | undefined): void {
    clearTimeout(this.#endTimer);
    if (timeMs === undefined || this.#isStopped) return;
    const waitMs = Math.min(LONGEST_TIMER_MS, Math.max(0, timeMs - Date.now()) + 10);
    this.#endTimer = setTimeout(() => void this.check('end'), waitMs);
  }
}

const REASONS: Readonly<Record<Exclude<Reason, 'interval'>, string>> = {
  start: 'at the start',
  files: 'a list has changed',
  end: 'an entry has ended',
  reload: 'another configuration',
};
