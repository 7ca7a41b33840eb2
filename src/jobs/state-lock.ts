import type { LoadedConfig } from '../config/load.js';
import { lockHeldText, takeLock } from '../util/lock.js';
import type { Voice } from './voice.js';

/**
 * Does work that writes to the state, alone. Where another run holds the lock, a line says so
 * and undefined is returned: that run does what this one would have done.
 *
 * @param command what this run is, as `sekisho update`, for those who find the lock held
 * @param waitMs how long to wait for the other run to end
 */
export async function withStateLock<T>(
  { config, resolvePath }: LoadedConfig,
  command: string,
  voice: Voice,
  work: () => Promise<T>,
  waitMs = 0,
): Promise<T | undefined> {
  const state = resolvePath(config.state);
  const attempt = await takeLock(state, { command, waitMs });
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
