import { InvalidArgumentError } from 'commander';

import type { LoadedConfig } from '../../config/load.js';
import { configurationHash } from '../../firewall/change-list.js';
import { applyPlan, differs } from '../../firewall/enforce.js';
import { handMadeFiles } from '../../firewall/hand-made.js';
import { contradictedAdmins, lockedOutPeers } from '../../firewall/safety/lock-out.js';
import { findSessionPeers } from '../../firewall/safety/sessions.js';
import type { Plan } from '../../policy/plan.js';
import { awaitWatch, clearWatchMarks } from '../../firewall/watch-mark.js';
import { EXIT, type ExitCode, SystemError, UsageError } from '../../util/errors.js';
import { PROGRAM_PATH } from '../../util/program-path.js';
import { collectBefore, countingBackend } from '../../jobs/collect-before.js';
import type { CommandModule } from '../command-module.js';
import { parseDuration } from '../duration.js';
import { type DataOptions, addDataOptions } from '../data-options.js';
import { VOICE, note, warn } from '../output.js';
import { PERSON_WAIT_MS, withStateLock } from '../state-lock.js';
import { changeLines } from '../../firewall/describe.js';
import { addForce, loadFor, openFirewall, openPlan } from './session.js';
import type { FirewallSession } from '../../jobs/firewall-session.js';
import { startApart } from './watch.js';

/** How long the watch may take to start, before anything is applied. */
const START_WAIT_MS = 20_000;
/** How long it may take, after that, to read what it would go back to. */
const KEPT_WAIT_MS = 5000;
const LONGEST_CONFIRM_MS = 86_400_000;

interface ApplyCommandOptions extends DataOptions {
  /** Milliseconds. */
  readonly confirm?: number;
  readonly force?: true;
  readonly forceAdmins?: true;
}

export const define: CommandModule['define'] = (command, run) => {
  addForce(addDataOptions(command))
    .option('--confirm <time>', 'roll back unless `sekisho confirm` comes in time', confirmTime)
    .action(async (options: ApplyCommandOptions) =>
      run(async () => {
        const loaded = await loadFor(options);
        const code = await withStateLock(
          loaded,
          'sekisho apply',
          () => apply(loaded, options),
          PERSON_WAIT_MS,
        );
        if (code !== undefined) return code;
        return EXIT.failed; // a person asked for it, and it was not done
      }),
    );
};

async function apply(loaded: LoadedConfig, options: ApplyCommandOptions): Promise<ExitCode> {
  const session = await openFirewall(loaded); // first: an overdue roll-back waits for no plan
  const { plan, complete } = await openPlan(loaded, options);
  refuseDangers(plan, options);
  if (session.folder.read().pending !== undefined) {
    throw new UsageError(
      'the last apply waits for `sekisho confirm` or `sekisho rollback`; nothing was applied',
    );
  }
  const difference = await session.backend.compare(plan);
  const { confirm: confirmMs } = options;
  if (process.stderr.isTTY) for (const line of changeLines(difference)) note(line);
  const isKnown = session.folder.read().current !== undefined;
  if (!isKnown && difference.present && differs(difference)) {
    warn('what the kernel held is in no memory here: a roll-back takes everything of ours away');
  }
  if (!isKnown && loaded.config.firewall?.mode === 'enforce') {
    note('this is the first apply here: `mode: observe` would count for a day and deny nobody');
  }
  const counting = await countingBackend(session);
  const isReplaced = counting !== session.backend;
  if (isReplaced || (difference.present && differs(difference))) {
    await collectBefore({ loaded, backend: counting }, VOICE);
  }
  const { firewall } = loaded.config;
  const nowMs = Date.now();
  const deadlineMs = confirmMs !== undefined && differs(difference) ? nowMs + confirmMs : undefined;
  if (deadlineMs !== undefined) await startWatch(session, deadlineMs);
  const left: string[] = [];
  const changed = await applyPlan(session, plan, difference, {
    nowMs,
    warn: (text) => {
      left.push(text);
      warn(text);
    },
    configuration: configurationHash(loaded),
    ...(firewall && { origin: { firewall, files: handMadeFiles(loaded) } }),
    ...(confirmMs !== undefined && { confirmMs }),
  });
  if (isReplaced) await collectBefore(session, VOICE); // where the next collection counts from
  if (!changed) note('the kernel holds what it should; nothing was written');
  else if (confirmMs !== undefined && deadlineMs !== undefined) {
    warn(`applied; it is rolled back in ${confirmMs / 1000} s unless \`sekisho confirm\` comes`);
    if (!(await awaitWatch(session.folder, deadlineMs, 'kept', KEPT_WAIT_MS))) {
      warn('the process that waits for it has no copy of the prior rules: keep the state folder');
    }
  }
  const { asleep = [] } = difference;
  for (const text of asleep) warn(text);
  return complete && asleep.length + left.length === 0 ? EXIT.done : EXIT.partial;
}

/** @throws UsageError for who would be locked out, unless the options say that it is meant */
function refuseDangers(plan: Plan, { force, forceAdmins }: ApplyCommandOptions): void {
  const sessions = lockedOutPeers(plan, findSessionPeers());
  const admins = contradictedAdmins(plan);
  const refused = [
    ...(force ? [] : sessions),
    // the kernel lets them pass all the same: this is about what was meant
    ...(force || forceAdmins ? [] : admins),
  ];
  if (refused.length === 0) {
    for (const danger of [...sessions, ...admins]) warn(danger);
    return;
  }
  const way = sessions.length > 0 ? '--force' : '--force-admins';
  throw new UsageError(
    [...refused, `nothing was applied; mend the configuration, or give ${way}`].join('\n'),
  );
}

/**
 * Starts the process that rolls back when the time has come, and sees it at work.
 *
 * @throws SystemError where it does not come to work: then nobody would roll back
 */
async function startWatch({ loaded, folder }: FirewallSession, deadlineMs: number): Promise<void> {
  clearWatchMarks(folder);
  const config = loaded.file === undefined ? [] : ['--config', loaded.resolvePath(loaded.file)];
  const args = [PROGRAM_PATH, 'rollback', '--when-due', String(deadlineMs), ...config];
  const starter = await startApart([process.execPath, ...args], `sekisho-confirm-${deadlineMs}`);
  const waitMs = Math.max(0, Math.min(START_WAIT_MS, deadlineMs - Date.now()));
  if (await awaitWatch(folder, deadlineMs, 'waiting', waitMs)) return;
  throw new SystemError(
    `the process that would roll back (started by ${starter}) did not come to work within ` +
      `${Math.round(waitMs / 1000)} s; nothing was applied`,
  );
}

/** Milliseconds; a number alone is seconds. */
function confirmTime(text: string): number {
  const timeMs = parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  if (timeMs !== undefined && timeMs <= LONGEST_CONFIRM_MS) return timeMs;
  throw new InvalidArgumentError('Expected a time such as 60, 90s or 5m, of a day at most.');
}
