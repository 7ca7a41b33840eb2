import type { PartSnapshot } from '../jobs/service-snapshot.js';
import { KnownError, messageOf, stackOf } from '../util/errors.js';
import type { Report } from '../util/report.js';
import type { Part } from './part.js';

const FIRST_RESTART_MS = 1000;
const LONGEST_RESTART_MS = 60_000;
/** What lived so long did not die of its start. */
const LIVED_MS = 600_000;

/** Keeps one part alive: what dies is started again, after a wait that doubles. */
export class PartKeeper {
  readonly part: Part;
  readonly #report: Report;
  #state: PartSnapshot['state'] = 'stopped';
  #restarts = 0;
  #lastFault: string | undefined;
  #waitMs = FIRST_RESTART_MS;
  #timer: NodeJS.Timeout | undefined;
  readonly #now: () => number;
  #runsSinceMs = Infinity;
  #isStopping = false;

  /** @param now milliseconds of a clock that is never set */
  constructor(part: Part, report: Report, now = () => performance.now()) {
    this.part = part;
    this.#report = report;
    this.#now = now;
  }

  /** @throws what the part throws: at the start of a service somebody is there to read it */
  async start(): Promise<void> {
    this.#state = 'starting';
    try {
      await this.part.start((error) => void this.#died(error));
    } catch (error) {
      this.#state = 'failed';
      throw error;
    }
    this.#state = 'running';
    this.#runsSinceMs = this.#now();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    await this.part.stop();
    this.#state = 'stopped';
  }

  snapshot(): PartSnapshot {
    return {
      state: this.#state,
      restarts: this.#restarts,
      ...(this.#lastFault !== undefined && { lastFault: this.#lastFault }),
      ...(this.#state === 'running' && { facts: this.part.snapshot() }),
    };
  }

  async #died(error: unknown): Promise<void> {
    if (this.#isStopping || this.#state !== 'running') return;
    this.#state = 'failed';
    this.#lastFault = messageOf(error);
    const text = error instanceof KnownError ? this.#lastFault : stackOf(error);
    if (this.#now() - this.#runsSinceMs >= LIVED_MS) this.#waitMs = FIRST_RESTART_MS;
    this.#runsSinceMs = Infinity;
    const seconds = this.#waitMs / 1000;
    this.#report(
      'error',
      `${this.part.name} failed, and is started again in ${seconds} s: ${text}`,
    );
    await this.part.stop().catch((failure: unknown) => {
      this.#report('warning', `${this.part.name} could not be stopped: ${messageOf(failure)}`);
    });
    this.#timer = setTimeout(() => void this.#restart(), this.#waitMs);
    this.#waitMs = Math.min(LONGEST_RESTART_MS, this.#waitMs * 2);
  }

  async #restart(): Promise<void> {
    if (this.#isStopping) return;
    this.#restarts++;
    try {
      await this.start();
      this.#report('info', `${this.part.name} runs again`);
    } catch (error) {
      this.#state = 'running'; // so that its failure counts as a death
      await this.#died(error);
    }
  }
}
