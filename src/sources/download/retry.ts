import { setTimeout as sleep } from 'node:timers/promises';

import { DownloadFailure } from './failure.js';
import type { DownloadLimits } from './options.js';

/**
 * Tries until it succeeds, fails for good, or `limits.tries` are used up. Waits between tries
 * grow exponentially and are shortened at random, so that many hosts that failed together do
 * not come back together; a server's `Retry-After` is waited for instead, up to a bound.
 *
 * undici's RetryHandler is not used: it resumes with Range requests, and a file that changed
 * meanwhile is then joined of two.
 */
export async function withRetries<T>(
  limits: DownloadLimits,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof DownloadFailure) || !error.temporary) throw error;
      const { retryAfterMs = 0 } = error;
      if (tried >= limits.tries || retryAfterMs > limits.retryAfterMaxMs || signal?.aborted) {
        throw error;
      }
      const waitMs = retryAfterMs > 0 ? retryAfterMs : backoffMs(limits, tried, Math.random());
      await sleep(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() => {
        throw error; // stopped while waiting: what failed before is what there is to say
      });
    }
  }
}

/**
 * @param tried tries made so far, from 1
 * @param random from 0 up to 1
 */
export function backoffMs(limits: DownloadLimits, tried: number, random: number): number {
  const full = Math.min(limits.backoffMaxMs, limits.backoffMs * 2 ** (tried - 1));
  return full * (1 - random / 2);
}

/**
 * Milliseconds that a `Retry-After` (RFC 9110, 10.2.3: seconds or a date) asks for; undefined
 * where it is neither.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : Math.max(0, time - nowMs);
}
