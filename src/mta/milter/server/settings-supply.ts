import { KnownError, faultOf, messageOf } from '../../../util/errors.js';
import { FileWatch } from '../../../util/watch-files.js';
import type { MilterSettings } from '../judge/settings.js';
import { type LoadedMilter, SettingsLoader } from '../load-settings.js';
import type { MilterInput } from '../loader/loaded-lists.js';
import type { Report } from './report.js';

/** Where nothing could be loaded yet, it is tried again. */
const RETRY_MS = 10_000;
/** Addresses of interfaces come and go, and timers do not reach further than 24 days. */
const LONGEST_WAIT_MS = 3_600_000;

/** The settings in force: made when it starts, and anew when what they were made from changes. */
export class SettingsSupply {
  readonly #report: Report;
  readonly #loader = new SettingsLoader();
  readonly #watch: FileWatch;
  #input: MilterInput;
  #current: MilterSettings | undefined;
  #loadedAtMs: number | undefined;
  #told = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  /** What the last try failed for: it is not said every ten seconds. */
  #fault = '';
  #isStopped = false;

  constructor(input: MilterInput, report: Report) {
    this.#input = input;
    this.#report = report;
    this.#watch = new FileWatch(() => void this.reload());
  }

  get current(): MilterSettings | undefined {
    return this.#current;
  }

  /** Milliseconds since 1970. */
  get loadedAtMs(): number | undefined {
    return this.#loadedAtMs;
  }

  /**
   * Loads for the first time. Where lists cannot be read, there are no settings yet, and it is
   * tried again.
   *
   * @throws UsageError for a wrong configuration
   */
  async start(): Promise<void> {
    try {
      await this.#load(this.#input);
    } catch (error) {
      if (!(error instanceof KnownError) || error.name === 'UsageError') throw error;
      this.#report('error', `${messageOf(error)}; nothing is judged until that can be read`);
      this.#loadIn(RETRY_MS);
    }
  }

  /**
   * Loads again; the old settings stay where that fails, and the log says why.
   *
   * @param input a configuration that was read anew
   * @returns whether there are new settings
   */
  reload(input: MilterInput = this.#input): Promise<boolean> {
    const done = this.#queue.then(async () => {
      if (this.#isStopped) return false;
      try {
        await this.#load(input);
        this.#input = input;
        return true;
      } catch (error) {
        if (this.#hasStopped()) return false;
        const what =
          this.#current === undefined ? 'nothing is judged' : 'what was loaded before counts';
        const text = faultOf(error);
        if (text !== this.#fault) this.#report('error', `${text.replace(/[.]$/, '')}; ${what}`);
        this.#fault = text;
        this.#loadIn(RETRY_MS);
        return false;
      }
    });
    this.#queue = done;
    return done;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#watch.stop();
    clearTimeout(this.#timer);
    await this.#loader.stop();
  }

  #hasStopped(): boolean {
    return this.#isStopped;
  }

  async #load(input: MilterInput): Promise<void> {
    const startedMs = Date.now();
    const loaded = await this.#loader.load(input, startedMs);
    if (this.#isStopped) return;
    this.#current = loaded.settings;
    this.#loadedAtMs = startedMs;
    this.#fault = '';
    this.#watch.watch(loaded.watch, startedMs);
    this.#tellNew(loaded);
    const untilNext = (loaded.nextChangeAtMs ?? Infinity) - Date.now();
    this.#loadIn(Math.max(0, Math.min(untilNext, LONGEST_WAIT_MS)));
  }

  /** What a load before this one said already is not said again. */
  #tellNew({ warnings }: LoadedMilter): void {
    for (const text of warnings) if (!this.#told.has(text)) this.#report('warning', text);
    this.#told = new Set(warnings);
  }

  #loadIn(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.reload(), ms).unref();
  }
}
