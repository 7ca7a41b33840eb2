import { type FeedTimes, dueFeeds, nextFeedAt } from '../lists/feeds/schedule.js';
import { feedStates } from '../lists/feeds/times.js';
import type { Voice } from '../jobs/voice.js';
import { messageOf } from '../util/errors.js';
import type { Report } from '../util/report.js';
import { ToldBefore } from '../util/told-before.js';
import type { ServiceConfig } from './configuration.js';
import type { JobRunner } from './job-runner.js';

export interface FeedKeeperOptions {
  readonly runner: Pick<JobRunner, 'run'>;
  readonly report: Report;
  /** The configuration in force. */
  readonly config: () => ServiceConfig;
  /** How the feeds stand; milliseconds since 1970. Read from the state where left out. */
  readonly states?: (config: ServiceConfig) => readonly FeedTimes[];
}

/** A host that slept, or whose clock was set, is found out after so long at the most. */
const LOOK_EVERY_MS = 15_000;
/** What could not be tried at all is tried again after this time, then after twice as long. */
const FIRST_AGAIN_MS = 30_000;
const LONGEST_AGAIN_MS = 3_600_000;

/**
 * Asks for feeds that have an interval of their own when it has passed; the others are left to
 * updates. A copy that changed is a changed file, which firewall and DNSBL follow by themselves.
 */
export class FeedKeeper {
  readonly #options: FeedKeeperOptions;
  /** By list; of what concerns none, by ''. */
  readonly #told = new Map<string, ToldBefore>();
  readonly #toldOfState = new ToldBefore();
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;
  #isStopping = false;
  /** Times in a row that a run left feeds due, such as where the state cannot be written. */
  #failures = 0;
  /** On the clock that is never set. */
  #notBeforeMs = -Infinity;

  constructor(options: FeedKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#look();
  }

  /** To be called when there is another configuration. */
  reload(): void {
    this.#notBeforeMs = -Infinity;
    this.#look();
  }

  stop(): void {
    this.#isStopping = true;
    clearTimeout(this.#timer);
  }

  /** When the next feed is asked for by itself; undefined where none has an interval. */
  nextFeedMs(nowMs = Date.now()): number | undefined {
    if (!this.#hasIntervals()) return undefined;
    const next = nextFeedAt(this.#states(), nowMs);
    return next === undefined ? undefined : Math.max(next, nowMs + this.#heldBackMs());
  }

  #look(): void {
    clearTimeout(this.#timer);
    if (this.#isStopping || !this.#hasIntervals()) return;
    const nowMs = Date.now();
    const waitMs = (this.nextFeedMs(nowMs) ?? Infinity) - nowMs;
    if (waitMs <= 0 && !this.#isAsking) void this.#ask();
    const partMs = waitMs <= 0 ? LOOK_EVERY_MS : Math.min(LOOK_EVERY_MS, waitMs);
    this.#timer = setTimeout(() => {
      this.#look();
    }, partMs);
  }

  async #ask(): Promise<void> {
    const { runner, config, report } = this.#options;
    this.#isAsking = true;
    const due = dueFeeds(this.#states(), Date.now());
    const warnings: string[] = [];
    const voice: Voice = {
      note: (text) => {
        report('info', text);
      },
      warn: (text) => warnings.push(text),
    };
    const result = await runner.run({ kind: 'feeds' }, config(), voice);
    this.#isAsking = false;
    if (result.kind === 'failed' && !this.#isStopping) {
      const text = `feeds could not be asked for: ${result.message}`;
      if (result.isDefect) report('error', text);
      else warnings.push(text);
    }
    for (const text of this.#newsIn(warnings, due)) report('warning', text);
    this.#judge();
    this.#look();
  }

  /** What is wrong with a feed is true until it is asked for again. */
  #newsIn(warnings: readonly string[], due: readonly string[]): string[] {
    const listOf = (text: string): string =>
      due.find((list) => text.startsWith(`list ${list}: `)) ?? '';
    return [...due, ''].flatMap((list) => {
      const told = this.#told.get(list) ?? new ToldBefore();
      this.#told.set(list, told);
      return told.newsIn(warnings.filter((text) => listOf(text) === list));
    });
  }

  /** What was asked for is due later, whatever came of it, or it was not asked for. */
  #judge(): void {
    const isStillDue = dueFeeds(this.#states(), Date.now()).length > 0;
    this.#failures = isStillDue ? this.#failures + 1 : 0;
    const againMs = FIRST_AGAIN_MS * 2 ** Math.min(20, this.#failures - 1);
    this.#notBeforeMs = isStillDue
      ? performance.now() + Math.min(LONGEST_AGAIN_MS, againMs)
      : -Infinity;
  }

  #heldBackMs(): number {
    return Math.max(0, this.#notBeforeMs - performance.now());
  }

  /** None where they cannot be read, which is tried again at the next look. */
  #states(): readonly FeedTimes[] {
    const { config, states = ({ loaded }: ServiceConfig) => feedStates(loaded) } = this.#options;
    try {
      const found = states(config());
      this.#toldOfState.forget();
      return found;
    } catch (error) {
      const text = `it is not known which feeds are due: ${messageOf(error)}`;
      for (const line of this.#toldOfState.newsIn([text])) this.#options.report('error', line);
      return [];
    }
  }

  #hasIntervals(): boolean {
    const { lists } = this.#options.config().loaded.config;
    return Object.values(lists).some(({ url, every }) => url !== undefined && every !== undefined);
  }
}
