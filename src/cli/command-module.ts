import type { Command } from 'commander';

import type { ExitCode } from '../util/errors.js';

/** What a command's file exports: its arguments and options, and what it does. */
export interface CommandModule {
  /** Declares arguments and options; `run` is called with what the action should do. */
  define(command: Command, run: (work: () => Promise<ExitCode>) => Promise<void>): void;
}
