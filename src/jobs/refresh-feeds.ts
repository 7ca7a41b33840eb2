import type { LoadedConfig } from '../config/load.js';
import { dueFeeds } from '../lists/feeds/schedule.js';
import { feedStates } from '../lists/feeds/times.js';
import { EXIT, type ExitCode } from '../util/errors.js';
import { type FetchHow, fetchFeedsAloud } from './fetch-aloud.js';
import { openConfiguredLists, openDataOfLists } from './open-data.js';
import { type LockWait, withDownloadLock, withStateLock } from './state-lock.js';
import type { Voice } from './voice.js';
import { writeExports } from './write-exports.js';

/** What became of feeds that were due. */
export interface RefreshedFeeds {
  readonly exitCode: ExitCode;
  /** Lists of which there is another copy now. */
  readonly updated: readonly string[];
}

/**
 * Asks for the feeds whose own interval has passed, and writes the configured files anew where a
 * copy changed. Firewall and DNSBL watch the copies.
 *
 * @returns undefined where another download is under way, which was said
 */
export async function refreshFeeds(
  loaded: LoadedConfig,
  wishes: FetchHow & LockWait,
): Promise<RefreshedFeeds | undefined> {
  return withDownloadLock(
    loaded,
    'sekisho run',
    wishes.voice,
    async () => {
      // an update that the lock was waited for may have asked
      const lists = dueFeeds(feedStates(loaded), Date.now());
      if (lists.length === 0) return { exitCode: EXIT.done, updated: [] };
      const outcomes = await fetchFeedsAloud(loaded, { lists, force: true }, wishes);
      const updated = outcomes.flatMap(({ list, outcome }) =>
        outcome === 'updated' ? [list] : [],
      );
      const hasFailed = outcomes.some(({ outcome }) => outcome === 'failed');
      for (const list of updated) wishes.voice.note(`list ${list}: its feed has changed`);
      const isWritten = updated.length === 0 || (await writeFiles(loaded, wishes));
      return { exitCode: isWritten && !hasFailed ? EXIT.done : EXIT.partial, updated };
    },
    wishes,
  );
}

/** @returns whether all that is configured is as it should be */
async function writeFiles(
  loaded: LoadedConfig,
  { voice, ...wait }: FetchHow & LockWait,
): Promise<boolean> {
  if (loaded.config.exports.length === 0) return true;
  const isWhole = await withStateLock(
    loaded,
    'sekisho run',
    voice,
    () => writeAlone(loaded, voice),
    wait,
  );
  return isWhole ?? false;
}

async function writeAlone(loaded: LoadedConfig, voice: Voice): Promise<boolean> {
  const quiet: Voice = { note: () => undefined, warn: (text) => voice.warn(text) };
  const data = await openDataOfLists(loaded, {}, quiet);
  const { lists, complete } = await openConfiguredLists(loaded, data, {}, quiet);
  const { paths, faults } = writeExports(loaded, lists, data);
  for (const path of paths) voice.note(`wrote ${path}`);
  for (const fault of faults) voice.warn(fault);
  return complete && faults.length === 0;
}
