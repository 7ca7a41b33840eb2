import type { Command } from 'commander';

import { EXIT, type ExitCode } from '../util/errors.js';
import type { CommandModule } from './command-module.js';
import { type DataOptions, addDataOptions } from './data-options.js';
import { acceptOption, fetchBars } from './fetch.js';
import { writeSummary } from './list-summary.js';
import { QUIET_VOICE, VOICE } from './output.js';

/** Longer than anything but an update holds the lock of the state. */
const LOCK_WAIT_MS = 60_000;

interface UpdateOptions extends DataOptions {
  readonly accept?: readonly string[];
  readonly quiet?: boolean;
  readonly summary?: boolean;
}

export const define: CommandModule['define'] = (command: Command, run) => {
  addDataOptions(command)
    .addOption(acceptOption())
    .option('-q, --quiet', 'print failures only')
    .option('--summary', 'print the table of lists also where standard output is no terminal')
    .action(async (options: UpdateOptions) => run(() => updateCommand(options)));
};

async function updateCommand(options: UpdateOptions): Promise<ExitCode> {
  const { loadConfig } = await import('../config/load.js');
  const { update } = await import('../jobs/update.js');
  const { accept, from, quiet = false, summary } = options;
  const code = await update(loadConfig(options.config), {
    trigger: 'command',
    waitMs: LOCK_WAIT_MS,
    voice: quiet ? QUIET_VOICE : VOICE,
    ...fetchBars(quiet),
    ...(accept && { accept }),
    ...(from && { from }),
    ...((summary || (process.stdout.isTTY && !quiet)) && {
      onLists: (lists) => writeSummary([...lists.values()]),
    }),
  });
  return code ?? EXIT.done; // another run does what this one would have done
}
