import type { LoadedConfig } from '../config/load.js';
import { lockHeldText, takeLock } from '../util/lock.js';
import type { Voice } from './voice.js';

/** How long others may hold the lock before a run gives up: not at all where left out. */
export interface LockWait {
  readonly waitMs?: number;
  /** Ends the wait, with a SystemError. */
  readonly signal?: AbortSignal;
}

/**
 * Does work that writes to the state, alone. Where another run holds the lock, a line says so
 * and undefined is returned: that run does what this one would have done.
 *
 * @param command what this run is, as `sekisho update`, for those who find the lock held
 */
export async function withStateLock<T>(
  { config, resolvePath }: LoadedConfig,
  command: string,
  voice: Voice,
  work: () => Promise<T>,
  { waitMs = 0, signal }: LockWait = {},
): Promise<T | undefined> {
  const state = resolvePath(config.state);
  const attempt = await takeLock(state, { command, waitMs, ...(signal && { signal }) });
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
