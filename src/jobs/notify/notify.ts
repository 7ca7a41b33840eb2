import { isDeepStrictEqual } from 'node:util';

import type { LoadedConfig } from '../../config/load.js';
import { newestSerialMs, storedAges } from '../../sources/stored-ages.js';
import { KnownError } from '../../util/errors.js';
import type { UpdateRecord } from '../last-update.js';
import type { Voice } from '../voice.js';
import { decideNotices } from './decide.js';
import { deliver } from './deliver.js';
import { readNotifyMemory, writeNotifyMemory } from './memory-file.js';
import type { Situation } from './notice.js';
import { driftHappenings, situationAfter } from './situation.js';

/**
 * Tells whoever the configuration names how an update went, where that is news. Not for who
 * holds the lock of the state: a command may take long, and may use this program itself. What
 * fails here is a warning and nothing more.
 */
export async function notifyOfUpdate(
  loaded: LoadedConfig,
  record: UpdateRecord,
  voice: Voice,
): Promise<void> {
  const { config, resolvePath } = loaded;
  const { notify } = config;
  if (notify === undefined) return;
  await attempt(voice, async () => {
    const nowMs = Date.now();
    const registries = config.sources.csv.length > 0 ? [] : config.sources.registries;
    const dataMs = newestSerialMs(storedAges(resolvePath(config.state), registries));
    const situation = situationAfter({ config, notify, record, dataMs, nowMs });
    await tell(loaded, situation, record, nowMs, voice);
  });
}

/**
 * The same where the kernel was put right between two updates.
 *
 * @param at when, ISO 8601
 * @param lines what differed
 */
export async function notifyOfDrift(
  loaded: LoadedConfig,
  at: string,
  lines: readonly string[],
  voice: Voice,
): Promise<void> {
  if (loaded.config.notify === undefined) return;
  const happenings = driftHappenings(at, lines);
  await attempt(voice, () =>
    tell(loaded, { judged: [], conditions: [], happenings }, undefined, Date.now(), voice),
  );
}

async function tell(
  loaded: LoadedConfig,
  situation: Situation,
  record: UpdateRecord | undefined,
  nowMs: number,
  voice: Voice,
): Promise<void> {
  const { notify } = loaded.config;
  if (notify === undefined) return;
  const state = loaded.resolvePath(loaded.config.state);
  const before = readNotifyMemory(state, (text) => {
    voice.warn(text);
  });
  const { notices, memory } = decideNotices(situation, before, nowMs, notify.repeat);
  if (notices.length > 0) {
    const { delivered, faults } = await deliver(loaded, notify, notices, record, nowMs);
    for (const fault of faults) voice.warn(fault);
    // whom nothing reached is told by the next run
    if (delivered === 0) return;
  }
  if (!isDeepStrictEqual(memory, before)) writeNotifyMemory(state, memory);
}

async function attempt(voice: Voice, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    voice.warn(`notifications: ${error.message}`);
  }
}
