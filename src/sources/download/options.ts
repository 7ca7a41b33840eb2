/** Limits of a download; the configuration gives its own values for what it names. */
export interface DownloadLimits {
  /** Longest wait for a connection, with its name lookup, proxy and TLS. */
  readonly connectMs: number;
  /** Longest silence: until the headers of an answer, and between two pieces of its body. */
  readonly idleMs: number;
  /** Longest time for one try of one file, redirects included. */
  readonly totalMs: number;
  /** Tries for one URL before the next mirror is asked. */
  readonly tries: number;
  /** Wait before the second try; doubled for each further one, then shortened at random by up to half. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** Longest `Retry-After` that is waited for; a server that asks for more is given up. */
  readonly retryAfterMaxMs: number;
  /** Largest file that is taken, counted unpacked. */
  readonly maxBytes: number;
  readonly maxRedirects: number;
}

export const DEFAULT_LIMITS: DownloadLimits = {
  connectMs: 10_000,
  idleMs: 30_000,
  totalMs: 600_000,
  tries: 3,
  backoffMs: 500,
  backoffMaxMs: 15_000,
  retryAfterMaxMs: 60_000,
  maxBytes: 64 * 2 ** 20,
  maxRedirects: 5,
};
