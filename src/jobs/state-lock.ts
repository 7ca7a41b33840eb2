import type { LoadedConfig } from '../config/load.js';
import { type LockAttempt, lockHeldText, takeLock } from '../util/lock.js';
import type { Voice } from './voice.js';

/** How long others may hold the lock before a run gives up: not at all where left out. */
export interface LockWait {
  readonly waitMs?: number;
  /** Ends the wait, with a SystemError. */
  readonly signal?: AbortSignal;
  /** A run of this command is not waited for: it does what this one would have done. */
  readonly givesWayTo?: string;
}

/**
 * Does work that writes to the state, alone. Where another run holds the lock, a line says so
 * and undefined is returned.
 *
 * @param command what this run is, as `sekisho update`, for those who find the lock held
 */
export async function withStateLock<T>(
  { config, resolvePath }: LoadedConfig,
  command: string,
  voice: Voice,
  work: () => Promise<T>,
  { waitMs = 0, signal, givesWayTo }: LockWait = {},
): Promise<T | undefined> {
  const state = resolvePath(config.state);
  const take = (forMs: number): Promise<LockAttempt> =>
    takeLock(state, { command, waitMs: forMs, ...(signal && { signal }) });
  let attempt = await take(givesWayTo === undefined ? waitMs : 0);
  if (givesWayTo !== undefined && !attempt.lock && attempt.holder?.command !== givesWayTo) {
    attempt = await take(waitMs);
  }
  if (attempt.lock === undefined) {
    voice.warn(lockHeldText(state, attempt.holder));
    return undefined;
  }
  try {
    return await work();
  } finally {
    attempt.lock.release();
  }
}
