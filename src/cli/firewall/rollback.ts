import { setTimeout as sleep } from 'node:timers/promises';

import { Option } from 'commander';

import type { LoadedConfig } from '../../config/load.js';
import {
  type KeptGeneration,
  confirm,
  keepPrevious,
  rollBackKept,
} from '../../firewall/enforce.js';
import { chooseBackend } from '../../firewall/choose.js';
import { FirewallFolder } from '../../firewall/generations.js';
import { removeWatchMark, writeWatchMark } from '../../firewall/watch-mark.js';
import { EXIT, type ExitCode, KnownError } from '../../util/errors.js';
import { takeLock } from '../../util/lock.js';
import type { CommandModule } from '../command-module.js';
import { type DataOptions, addConfigOption } from '../data-options.js';
import { VOICE, note, warn } from '../output.js';
import { PERSON_WAIT_MS, withStateLock } from '../state-lock.js';
import { applyUnattended } from '../../jobs/apply-unattended.js';
import type { FirewallSession } from '../../jobs/firewall-session.js';
import { followChanges } from '../../jobs/follow-changes.js';
import { openConfiguredLists, openDataOfLists } from '../../jobs/open-data.js';
import { rollBackAndCollect } from '../../jobs/reported-roll-back.js';
import { loadFor, openFirewall } from './session.js';

interface RollbackOptions extends DataOptions {
  readonly whenDue?: string;
}

const LOCK_WAIT_MS = 30_000;
/** Between two tries of the watch. */
const RETRY_MS = 5000;

export const define: CommandModule['define'] = (command, run) => {
  addConfigOption(command)
    .addOption(
      new Option('--when-due <ms since 1970>', 'wait, then roll back unless confirmed').hideHelp(),
    )
    .action(async (options: RollbackOptions) =>
      run(async () => {
        const loaded = await loadFor(options);
        if (options.whenDue !== undefined) return watch(loaded, Number(options.whenDue));
        const work = async (): Promise<ExitCode> => {
          await rollBackAndCollect(await openFirewall(loaded), VOICE);
          note('rolled back; unattended runs apply nothing until you run `sekisho apply`');
          return EXIT.done;
        };
        const done = await withStateLock(loaded, 'sekisho rollback', work, PERSON_WAIT_MS);
        return done ?? EXIT.failed;
      }),
    );
};

/**
 * The process that `apply --confirm` leaves behind. It ends when nothing waits for a
 * confirmation any more, and not before: what stands may have locked everybody out. The lock
 * comes first: an apply that still works holds it and has written nothing down yet.
 */
async function watch(loaded: LoadedConfig, deadlineMs: number): Promise<ExitCode> {
  const folder = new FirewallFolder(loaded.resolvePath(loaded.config.state));
  writeWatchMark(folder, deadlineMs, 'waiting');
  try {
    return await rollBackWhenDue(loaded, folder, deadlineMs);
  } finally {
    removeWatchMark(folder, deadlineMs);
  }
}

async function rollBackWhenDue(
  loaded: LoadedConfig,
  folder: FirewallFolder,
  deadlineMs: number,
): Promise<ExitCode> {
  const state = loaded.resolvePath(loaded.config.state);
  const kept = await keepWhenPending(folder, deadlineMs);
  await sleep(Math.max(0, deadlineMs - Date.now()));
  for (;;) {
    const attempt = await takeLock(state, { command: 'sekisho rollback', waitMs: LOCK_WAIT_MS });
    if (attempt.lock === undefined) continue;
    try {
      const isLost = kept !== undefined && !folder.exists;
      if (!isLost && folder.read().pending?.deadlineMs !== deadlineMs) return EXIT.done; // not ours
      const { backend } = await chooseBackend(loaded.config.firewall?.backend ?? 'auto');
      if (isLost) {
        await rollBackKept({ backend, folder }, kept, Date.now());
        return EXIT.done;
      }
      // the time has come by this process's own timer, also where the clock was set back
      await rollBackAndCollect({ loaded, backend, folder }, VOICE);
      return EXIT.done;
    } catch (error) {
      if (!(error instanceof KnownError)) throw error; // else nft may be busy: try again
    } finally {
      attempt.lock.release();
    }
    await sleep(RETRY_MS);
  }
}

/** Between two looks whether the apply has written its deadline down. */
const LOOK_MS = 50;

/**
 * Holds the prior rules in memory, so that the state folder may be lost. Waits for the apply to
 * write down that it is pending, at the longest until its deadline.
 */
async function keepWhenPending(
  folder: FirewallFolder,
  deadlineMs: number,
): Promise<KeptGeneration | undefined> {
  while (Date.now() < deadlineMs) {
    try {
      if (folder.read().pending?.deadlineMs === deadlineMs) {
        const kept = keepPrevious(folder);
        writeWatchMark(folder, deadlineMs, 'kept');
        return kept;
      }
    } catch {
      return undefined; // without a copy; the roll-back itself reads the state, and tells
    }
    await sleep(LOOK_MS);
  }
  return undefined;
}

/** `sekisho confirm`. */
export const defineConfirm: CommandModule['define'] = (command, run) => {
  addConfigOption(command).action(async (options: DataOptions) =>
    run(async () => {
      const loaded = await loadFor(options);
      const work = async (): Promise<ExitCode> => {
        const session = await openFirewall(loaded);
        const confirmed = confirm(session);
        if (confirmed !== 'nothing') return followOwed(session, confirmed === 'owed');
        warn('no apply waits for a confirmation');
        return EXIT.failed;
      };
      const done = await withStateLock(loaded, 'sekisho confirm', work, PERSON_WAIT_MS);
      return done ?? EXIT.failed;
    }),
  );
};

/** What the kernel was not told of changes by hand while the confirmation was waited for. */
async function followOwed(session: FirewallSession, isOwed: boolean): Promise<ExitCode> {
  // an apply that was cut off is finished by the next one, with all lists
  if (session.folder.read().unfinished !== undefined) return EXIT.done;
  const isDone = await followChanges(session, VOICE);
  if (!isOwed) return isDone ? EXIT.done : EXIT.partial;
  note('lists were changed by hand meanwhile: the whole firewall is applied');
  try {
    const data = await openDataOfLists(session.loaded, {}, VOICE);
    const { lists, complete } = await openConfiguredLists(session.loaded, data, {}, VOICE);
    const { exitCode } = await applyUnattended(session.loaded, lists, VOICE);
    return complete ? exitCode : EXIT.partial;
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    warn(`confirmed; and the firewall was not applied: ${error.message}`);
    return EXIT.partial;
  }
}
