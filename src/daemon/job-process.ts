import '../util/hold-signals.js';

import { parseConfig } from '../config/load.js';
import { recordKilled } from '../jobs/killed-update.js';
import { readLastUpdate } from '../jobs/last-update.js';
import { tellOfKilled } from '../jobs/state-lock.js';
import { refreshFeeds } from '../jobs/refresh-feeds.js';
import { tend } from '../jobs/tend.js';
import { update } from '../jobs/update.js';
import type { Voice } from '../jobs/voice.js';
import { KnownError } from '../util/errors.js';
import { DOWNLOAD_LOCK, lockHeldText, takeLock } from '../util/lock.js';
import { tellableOf } from '../util/thread-error.js';
import type { LoadedConfig } from '../config/load.js';
import type { JobMessage, JobRequest, JobResult } from './job-messages.js';

/*
 * The process of one job. It ends with its work; whatever takes it down leaves the daemon alone.
 * Told to stop, or left by the daemon, it ends downloads and waiting, and what it has begun to
 * write it brings to its end.
 */

/** Longer than any command but an update holds the lock. */
const LOCK_WAIT_MS = 60_000;

const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (name !== 'SIGHUP') stop.abort();
  });
}
process.on('disconnect', () => {
  stop.abort();
});

const voice: Voice = {
  note: (text) => {
    send({ say: 'note', text });
  },
  warn: (text) => {
    send({ say: 'warn', text });
  },
};

process.once('message', (request: JobRequest) => {
  void resultOf(request).then((result) => {
    send({ result });
    if (process.connected) process.disconnect();
  });
});

function send(message: JobMessage): void {
  if (process.connected) process.send?.(message);
}

async function resultOf(request: JobRequest): Promise<JobResult> {
  try {
    return (await work(request)) ?? { kind: 'skipped' };
  } catch (error) {
    const { message, exitCode } = tellableOf(error);
    return { kind: 'failed', message, isDefect: exitCode === undefined };
  }
}

async function work({ job, text, file }: JobRequest): Promise<JobResult | undefined> {
  const loaded = parseConfig(text, file);
  const how = { voice, waitMs: LOCK_WAIT_MS, signal: stop.signal };
  if (job.kind === 'tend') {
    const tended = await tend(loaded, { ...how, repair: job.repair });
    return tended && { kind: 'tend', tended };
  }
  if (job.kind === 'feeds') {
    const refreshed = await refreshFeeds(loaded, how);
    return refreshed && { kind: 'feeds', refreshed };
  }
  if (await isDoneElsewhere(loaded, job.dueMs)) return undefined;
  const exitCode = await update(loaded, { ...how, trigger: 'daemon' });
  return exitCode === undefined ? undefined : { kind: 'update', exitCode };
}

/** Whether cron, or a person, is at the same update, or has been. */
async function isDoneElsewhere(loaded: LoadedConfig, dueMs: number): Promise<boolean> {
  const state = loaded.resolvePath(loaded.config.state);
  const attempt = await takeLock(state, { command: 'sekisho run', name: DOWNLOAD_LOCK });
  if (attempt.lock !== undefined) {
    const killed = recordKilled(loaded, attempt.abandonedBy, voice);
    attempt.lock.release();
    await tellOfKilled(loaded, killed, voice);
  }
  const holder = 'holder' in attempt ? attempt.holder : undefined;
  if (holder?.command === 'sekisho update') {
    voice.note(`no update: ${lockHeldText(state, holder, DOWNLOAD_LOCK)}`);
    return true;
  }
  const last = readLast(state);
  if (last === undefined || last < dueMs || last > Date.now()) return false;
  voice.note(`no update: there was one at ${new Date(last).toISOString()}`);
  return true;
}

function readLast(state: string): number | undefined {
  try {
    const record = readLastUpdate(state);
    return record && Date.parse(record.startedAt);
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    voice.warn(error.message);
    return undefined;
  }
}
