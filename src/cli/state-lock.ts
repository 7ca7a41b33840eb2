import type { LoadedConfig } from '../config/load.js';
import { withStateLock as withLock } from '../jobs/state-lock.js';
import { VOICE } from './output.js';

/**
 * How long a person waits for the daemon's look at the kernel, or another command, to end: a
 * confirmation that gave up at once would end in a roll-back.
 */
export const PERSON_WAIT_MS = 15_000;

/** The job's `withStateLock`, which prints. */
export function withStateLock<T>(
  loaded: LoadedConfig,
  command: string,
  work: () => Promise<T>,
  waitMs = 0,
): Promise<T | undefined> {
  return withLock(loaded, command, VOICE, work, { waitMs });
}
