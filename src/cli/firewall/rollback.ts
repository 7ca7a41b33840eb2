import { setTimeout as sleep } from 'node:timers/promises';

import { Option } from 'commander';

import type { LoadedConfig } from '../../config/load.js';
import { confirm, rollBack, settleOverdue } from '../../firewall/enforce.js';
import { chooseBackend } from '../../firewall/choose.js';
import { FirewallFolder } from '../../firewall/generations.js';
import { EXIT, type ExitCode } from '../../util/errors.js';
import { takeLock } from '../../util/lock.js';
import type { CommandModule } from '../command-module.js';
import { type DataOptions, addConfigOption } from '../data-options.js';
import { note, warn } from '../output.js';
import { withStateLock } from '../state-lock.js';
import { loadFor, openFirewall } from './session.js';

interface RollbackOptions extends DataOptions {
  readonly whenDue?: string;
}

/** How long past its time the watch waits for the lock before each further try. */
const LOCK_WAIT_MS = 30_000;
const LOCK_TRIES = 10;

export const define: CommandModule['define'] = (command, run) => {
  addConfigOption(command)
    .addOption(new Option('--when-due <ms>', 'wait, then roll back unless confirmed').hideHelp())
    .action(async (options: RollbackOptions) =>
      run(async () => {
        const loaded = await loadFor(options);
        if (options.whenDue !== undefined) return watch(loaded, Number(options.whenDue));
        const done = await withStateLock(loaded, 'sekisho rollback', async () => {
          await rollBack(await openFirewall(loaded), Date.now());
          note('rolled back; unattended runs apply nothing until you run `sekisho apply`');
          return EXIT.done;
        });
        return done ?? EXIT.failed;
      }),
    );
};

/** The process that `apply --confirm` leaves behind. */
async function watch(loaded: LoadedConfig, ms: number): Promise<ExitCode> {
  const state = loaded.resolvePath(loaded.config.state);
  await sleep(ms);
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    if (new FirewallFolder(state).read().pending === undefined) return EXIT.done;
    const attempt = await takeLock(state, { command: 'sekisho rollback', waitMs: LOCK_WAIT_MS });
    if (attempt.lock === undefined) continue;
    try {
      const { backend } = await chooseBackend(loaded.config.firewall?.backend ?? 'auto');
      await settleOverdue({ backend, folder: new FirewallFolder(state) }, Date.now());
      return EXIT.done;
    } finally {
      attempt.lock.release();
    }
  }
  return EXIT.failed;
}

/** `sekisho confirm`. */
export const defineConfirm: CommandModule['define'] = (command, run) => {
  addConfigOption(command).action(async (options: DataOptions) =>
    run(async () => {
      const loaded = await loadFor(options);
      const done = await withStateLock(loaded, 'sekisho confirm', async () => {
        const session = await openFirewall(loaded);
        if (confirm(session)) return EXIT.done;
        warn('no apply waits for a confirmation');
        return EXIT.failed;
      });
      return done ?? EXIT.failed;
    }),
  );
};
