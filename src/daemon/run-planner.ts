import { type Schedule, jitterOf } from './schedule.js';

/** How an update ended, as far as the next one depends on it. */
export interface PastRun {
  /** When it began; milliseconds since 1970. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** Whether it should be tried again before its next time. */
  readonly wantsRetry: boolean;
}

export interface PlannerOptions {
  readonly schedule: Schedule;
  readonly jitterMs: number;
  /** Different on each host. */
  readonly seed: string;
  /** The last update there was, whoever ran it; undefined where there was none. */
  readonly last: PastRun | undefined;
}

/** What failed is tried again after this time, then after twice as long, and so on. */
const FIRST_RETRY_MS = 10 * 60_000;
const MOST_RETRIES = 4;

/**
 * Says when updates are due. Pure: the clock is in the arguments, and may jump. However many times
 * were missed (the host slept, the daemon was down), one run makes up for them. Where the clock
 * goes back, what lies in the future now is not waited for.
 */
export class RunPlanner {
  readonly #options: PlannerOptions;
  #last: PastRun | undefined;
  #retries = 0;
  #isRunning = false;
  #known: { readonly afterMs: number; readonly moment: number | undefined } | undefined;

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#last = options.last;
  }

  /** When the next update is due: in the past where it is overdue; undefined where it never is. */
  nextDueMs(nowMs: number): number | undefined {
    const { jitterMs, seed } = this.#options;
    const last = this.#settle(nowMs);
    if (last === undefined) return nowMs;
    const moment = this.#momentAfter(last.startedMs);
    const due = moment === undefined ? undefined : moment + jitterOf(seed, moment, jitterMs);
    const retry = this.#retryMs(last);
    if (retry === undefined || due === undefined) return due ?? retry;
    return Math.min(due, retry);
  }

  /** The last update that this knows of. */
  get last(): PastRun | undefined {
    return this.#last;
  }

  /** Whether an update is to begin now. None is while one is under way. */
  isDue(nowMs: number): boolean {
    if (this.#isRunning) return false;
    const due = this.nextDueMs(nowMs);
    return due !== undefined && due <= nowMs;
  }

  began(): void {
    this.#isRunning = true;
  }

  /** An update has ended: ours, or one that somebody else ran. */
  ended(run: PastRun): void {
    this.#isRunning = false;
    this.#last = run;
    this.#retries = run.wantsRetry ? this.#retries + 1 : 0;
  }

  /** A run that lies in the future, since the clock went back, counts as one of just now. */
  #settle(nowMs: number): PastRun | undefined {
    const last = this.#last;
    if (last === undefined || Math.max(last.startedMs, last.endedMs) <= nowMs) return last;
    const startedMs = Math.min(last.startedMs, nowMs);
    return (this.#last = { ...last, startedMs, endedMs: nowMs });
  }

  #retryMs({ wantsRetry, endedMs }: PastRun): number | undefined {
    if (!wantsRetry || this.#retries > MOST_RETRIES) return undefined;
    return endedMs + FIRST_RETRY_MS * 2 ** Math.max(0, this.#retries - 1);
  }

  /** To find it takes long enough to be remembered. */
  #momentAfter(timeMs: number): number | undefined {
    if (this.#known?.afterMs !== timeMs) {
      this.#known = { afterMs: timeMs, moment: this.#options.schedule.next(timeMs) };
    }
    return this.#known.moment;
  }
}
