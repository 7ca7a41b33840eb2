import { SourceError, faultOf } from '../../util/errors.js';
import { collectGarbage } from './collect-garbage.js';
import type { LoadedMessage, LoaderSpec } from './loader.js';
import type { Generation, Report } from './transport.js';
import { ToldBefore } from '../../util/told-before.js';
import { FileWatch } from '../../util/watch-files.js';
import { ZoneLoader } from './zone-loader.js';

/** Which zones have to be there for a server to start; the others are SERVFAIL. */
export type FirstLoad = 'all' | 'some' | 'none';

export interface ZoneSupplyOptions {
  readonly loader: LoaderSpec;
  readonly report: Report;
  readonly watch: boolean;
  readonly watchEveryMs: number | undefined;
  readonly firstLoad: FirstLoad;
  /** Given each generation of zones, the first included. */
  readonly serve: (generation: Generation) => void;
  /** For a process that cannot load a thread later: called when that of the loader has ended. */
  readonly onLost: ((reason: string) => void) | undefined;
}

/** By then every thread answers from the new zones. */
const TIDY_MS = 250;
/** What could not be loaded is tried again so much later, or as often as files are looked at where that is said. */
const RETRY_MS = 60_000;
/** Longer waits are made of several: a timer takes at most 2^31 − 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Keeps zones coming: loads them at the start, on demand, when a file that they were made of
 * changes, and when they said that time would change them. Loads never run side by side; one
 * that is asked for during another follows it.
 */
export class ZoneSupply {
  readonly #options: ZoneSupplyOptions;
  readonly #loader: ZoneLoader;
  readonly #watch: FileWatch | undefined;
  readonly #told = new ToldBefore();
  /** Why nothing could be loaded. */
  readonly #refused = new ToldBefore();
  /** Of the zones that are served: those with nothing to answer from. */
  #failed: ReadonlySet<string> = new Set();
  #number = 0;
  #loading: Promise<boolean> | undefined;
  #next: Promise<boolean> | undefined;
  #dueTimer: NodeJS.Timeout | undefined;
  #staleTimer: NodeJS.Timeout | undefined;
  #tidyTimer: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(options: ZoneSupplyOptions) {
    this.#options = options;
    this.#loader = new ZoneLoader(options.loader, options.report, options.onLost);
    if (options.watch) this.#watch = new FileWatch(() => void this.#follow(), options.watchEveryMs);
  }

  /** Resolves when nothing is needed any more to load but the files of zones. */
  get ready(): Promise<void> {
    return this.#loader.ready;
  }

  /** @throws SourceError where zones lack that have to be there; what the loader threw */
  async start(): Promise<void> {
    const sinceMs = Date.now();
    const loaded = await this.#loader.load();
    const { firstLoad } = this.#options;
    if (
      loaded.ready === 0 ? firstLoad !== 'none' : firstLoad === 'all' && loaded.failed.length > 0
    ) {
      const lines = [...loaded.errors, ...loaded.warnings];
      const reasons = lines.length > 0 ? lines : ['there is none'];
      const what =
        loaded.ready === 0 ? 'no zone could be loaded' : 'not every zone could be loaded';
      throw new SourceError([what, ...reasons].join('\n'));
    }
    this.#take(loaded, sinceMs);
  }

  /**
   * Loads again because somebody wants it, who is told of all that is wrong, also where the log
   * has it already.
   *
   * @param input what zones are made of from now on, also where this load fails; as before where
   *   left out
   * @returns whether new zones are served; why not has been reported
   */
  reload(input?: unknown): Promise<boolean> {
    if (input !== undefined) this.#loader.input = input;
    this.#told.forget();
    this.#refused.forget();
    return this.#follow();
  }

  /** Loads again because a file has changed, or time has come. */
  #follow(): Promise<boolean> {
    if (this.#next !== undefined) return this.#next;
    if (this.#loading === undefined) return this.#begin();
    this.#next = this.#loading.then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#dueTimer);
    clearTimeout(this.#staleTimer);
    clearTimeout(this.#tidyTimer);
    this.#watch?.stop();
    await this.#loader.stop();
  }

  #hasStopped(): boolean {
    return this.#isStopping;
  }

  #begin(): Promise<boolean> {
    this.#loading = this.#loadAgain().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #loadAgain(): Promise<boolean> {
    // what has just changed is read once, not again when the watch tells of it
    await this.#watch?.rest();
    if (this.#hasStopped()) return false;
    const sinceMs = Date.now();
    try {
      const loaded = await this.#loader.load();
      if (this.#hasStopped()) return false;
      const lost = this.#loader.hasForgotten
        ? loaded.failed.filter((name) => !this.#failed.has(name))
        : [];
      if (lost.length > 0) {
        this.#tell(loaded);
        this.#refuse(`all zones are served as they were, for the sake of ${lost.join(', ')}`);
        return false;
      }
      this.#take(loaded, sinceMs);
      this.#refused.forget();
      return true;
    } catch (error) {
      if (this.#hasStopped()) return false;
      const text = faultOf(error);
      this.#refuse(`the zones could not be loaded again, the old ones are served: ${text}`);
      return false;
    }
  }

  /**
   * What a thread that died had read is in no file's change any more, and entries have to end at
   * their time all the same: so it is tried again, unless loads are for whoever asks alone.
   */
  #refuse(text: string): void {
    const { report, watch, watchEveryMs = RETRY_MS } = this.#options;
    for (const line of this.#refused.newsIn([text])) report('error', line);
    if (watch) this.#followAt(Date.now() + watchEveryMs);
  }

  #tell({ errors, warnings }: LoadedMessage): void {
    for (const line of this.#told.newsIn([...errors, ...warnings])) {
      this.#options.report(errors.includes(line) ? 'error' : 'warning', line);
    }
  }

  #followAt(timeMs: number | undefined): void {
    clearTimeout(this.#dueTimer);
    this.#dueTimer = this.#at(
      timeMs,
      (timer) => (this.#dueTimer = timer),
      () => {
        void this.#follow();
      },
    );
  }

  #take(loaded: LoadedMessage, sinceMs: number): void {
    const { report, serve } = this.#options;
    this.#number++;
    this.#failed = new Set(loaded.failed);
    this.#tell(loaded);
    serve({ number: this.#number, compiled: loaded.compiled });
    // this thread may not look for garbage for hours, either
    this.#tidyTimer ??= setTimeout(() => {
      this.#tidyTimer = undefined;
      collectGarbage();
    }, TIDY_MS).unref();
    this.#watch?.watch(loaded.watch, sinceMs);
    this.#followAt(loaded.nextChangeAtMs);
    clearTimeout(this.#staleTimer);
    this.#staleTimer = this.#at(
      loaded.staleAtMs,
      (timer) => (this.#staleTimer = timer),
      () => {
        report('warning', 'the data that the zones were made of is older than its age limit');
      },
    );
  }

  /** @param again given the timer of the next part of a long wait */
  #at(
    timeMs: number | undefined,
    again: (timer: NodeJS.Timeout | undefined) => void,
    work: () => void,
  ): NodeJS.Timeout | undefined {
    if (timeMs === undefined || timeMs === Infinity) return undefined;
    const waitMs = Math.max(0, timeMs - Date.now());
    const partMs = Math.min(waitMs, LONGEST_TIMER_MS);
    return setTimeout(() => {
      if (waitMs > partMs) again(this.#at(timeMs, again, work));
      else work();
    }, partMs).unref();
  }
}
