import { DownloadFailure } from './failure.js';
import type { DownloadLimits } from './options.js';

/** Ends a request that is silent or takes too long, and remembers why it was ended. */
export class Watchdog {
  /** Why the request was ended; undefined where it was not, or ended by itself. */
  failure: DownloadFailure | undefined;

  readonly #url: string;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #total: NodeJS.Timeout;
  #idle: NodeJS.Timeout | undefined;
  #idleMs = 0;

  constructor(url: string, limits: DownloadLimits, outer: AbortSignal | undefined) {
    this.#url = url;
    this.#outer = outer;
    this.#total = setTimeout(() => {
      this.end(new DownloadFailure(url, `not done within ${limits.totalMs / 1000} s`));
    }, limits.totalMs);
    if (outer?.aborted) this.#stopped();
    else outer?.addEventListener('abort', this.#stopped, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something happened; the next thing has to happen within this time. */
  expect(ms: number): void {
    if (this.#idle !== undefined && ms === this.#idleMs) {
      this.#idle.refresh();
      return;
    }
    clearTimeout(this.#idle);
    this.#idleMs = ms;
    this.#idle = setTimeout(() => {
      const reason = `stalled: nothing came for ${ms / 1000} s`;
      this.end(new DownloadFailure(this.#url, reason, { temporary: true }));
    }, ms);
  }

  stop(): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#total);
    this.#outer?.removeEventListener('abort', this.#stopped);
  }

  /** Ends the request. What the streams throw then says only that they were ended. */
  end(failure: DownloadFailure): void {
    this.failure ??= failure;
    this.#controller.abort(this.failure);
  }

  readonly #stopped = (): void => {
    this.end(new DownloadFailure(this.#url, 'stopped'));
  };
}
