import type { LoadedConfig } from '../config/load.js';
import { tryLock } from '../linux/file-lock.js';
import {
  DOWNLOAD_LOCK,
  type LockAttempt,
  type LockHolder,
  STATE_LOCK,
  lockHeldText,
  takeLock,
} from '../util/lock.js';
import { recordKilled } from './killed-update.js';
import type { UpdateRecord } from './last-update.js';
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
export function withStateLock<T>(
  loaded: LoadedConfig,
  command: string,
  voice: Voice,
  work: () => Promise<T>,
  wait: LockWait = {},
): Promise<T | undefined> {
  return withLock(STATE_LOCK, loaded, command, voice, work, wait);
}

/**
 * Does work that downloads, alone among its kind. Whoever changes lists or the kernel does not wait
 * for it, and reads the state meanwhile: each file in it is whole at all times. Taken before the
 * lock of the state, never while that is held. That the update before was killed is put on record,
 * and told.
 */
export async function withDownloadLock<T>(
  loaded: LoadedConfig,
  command: string,
  voice: Voice,
  work: () => Promise<T>,
  wait: LockWait = {},
): Promise<T | undefined> {
  let killed: UpdateRecord | undefined;
  const workAfter = (abandonedBy: LockHolder | undefined): Promise<T> => {
    killed = recordKilled(loaded, abandonedBy, voice);
    return work();
  };
  try {
    return await withLock(DOWNLOAD_LOCK, loaded, command, voice, workAfter, wait);
  } finally {
    // the lock is free again: whoever is told may use this program
    await tellOfKilled(loaded, killed, voice);
  }
}

/** Tells people of an update that was put on record by `recordKilled`. Not for who holds a lock. */
export async function tellOfKilled(
  loaded: LoadedConfig,
  killed: UpdateRecord | undefined,
  voice: Voice,
): Promise<void> {
  if (killed === undefined || loaded.config.notify === undefined) return;
  const { notifyOfUpdate } = await import('./notify/notify.js');
  await notifyOfUpdate(loaded, killed, voice);
}

async function withLock<T>(
  name: string,
  { config, resolvePath }: LoadedConfig,
  command: string,
  voice: Voice,
  work: (abandonedBy: LockHolder | undefined) => Promise<T>,
  { waitMs = 0, signal, givesWayTo }: LockWait,
): Promise<T | undefined> {
  const state = resolvePath(config.state);
  const take = (forMs: number): Promise<LockAttempt> =>
    takeLock(state, { command, name, waitMs: forMs, tryLock, ...(signal && { signal }) });
  let attempt = await take(givesWayTo === undefined ? waitMs : 0);
  if (givesWayTo !== undefined && !attempt.lock && attempt.holder?.command !== givesWayTo) {
    attempt = await take(waitMs);
  }
  if (attempt.lock === undefined) {
    voice.warn(lockHeldText(state, attempt.holder, name));
    return undefined;
  }
  try {
    return await work(attempt.abandonedBy);
  } finally {
    attempt.lock.release();
  }
}
