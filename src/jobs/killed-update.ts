import { join } from 'node:path';

import type { LoadedConfig } from '../config/load.js';
import { EXIT, KnownError, codeOf } from '../util/errors.js';
import { DOWNLOAD_LOCK, type LockHolder, lastHolder } from '../util/lock.js';
import { type UpdateRecord, findLastUpdate, writeLastUpdate } from './last-update.js';
import { UpdateLog } from './update-log.js';
import type { Voice } from './voice.js';

/** As a run of `sekisho update` writes itself down in the lock for downloads. */
export const UPDATE_COMMAND = 'sekisho update';

/**
 * Leaves the record that an update did not come to write, since it was killed or the host lost its
 * power. The caller holds the lock for downloads.
 *
 * @param abandonedBy who held the lock before and did not let go of it
 * @returns the record; undefined where that was no update, or it had come to its end
 */
export function recordKilled(
  { config, resolvePath }: LoadedConfig,
  abandonedBy: LockHolder | undefined,
  voice: Voice,
): UpdateRecord | undefined {
  const state = resolvePath(config.state);
  const before = findLastUpdate(state);
  if (!wasKilled(abandonedBy, before)) return undefined;
  const log = new UpdateLog(Date.parse(abandonedBy.since), 'command', before);
  const record = log.end(Date.now(), EXIT.failed, killedText(abandonedBy.since));
  try {
    writeLastUpdate(state, record);
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    voice.warn(`the record of a killed update could not be written: ${error.message}`);
  }
  voice.warn(killedText(abandonedBy.since));
  return record;
}

export function killedText(since: string): string {
  return `the update of ${since} was killed`;
}

/**
 * For who only looks: when the update began that was killed since the last record. A process that
 * has got its number since hides it until the next run.
 */
export function findKilled(state: string, record: UpdateRecord | undefined): string | undefined {
  const holder = lastHolder(join(state, DOWNLOAD_LOCK));
  return wasKilled(holder, record) && !isAlive(holder.pid) ? holder.since : undefined;
}

function wasKilled(
  holder: LockHolder | undefined,
  record: UpdateRecord | undefined,
): holder is LockHolder {
  if (holder?.command !== UPDATE_COMMAND || Number.isNaN(Date.parse(holder.since))) return false;
  // killed between its record and the end of its lock, it had done everything
  return record === undefined || record.endedAt < holder.since;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}
