import type { LoadedConfig } from '../config/load.js';
import { withStateLock as withLock } from '../jobs/state-lock.js';
import { VOICE } from './output.js';

/** The job's `withStateLock`, which prints. */
export function withStateLock<T>(
  loaded: LoadedConfig,
  command: string,
  work: () => Promise<T>,
  waitMs = 0,
): Promise<T | undefined> {
  return withLock(loaded, command, VOICE, work, { waitMs });
}
