import type { Command } from 'commander';

import { ServiceState } from '../linux/service-state.js';
import type { MilterInput } from '../mta/milter/load-settings.js';
import { runMilter } from '../mta/milter/run-foreground.js';
import type { Report } from '../mta/milter/server/report.js';
import type { ExitCode } from '../util/errors.js';
import type { CommandModule } from './command-module.js';
import { type DataOptions, addDataOptions } from './data-options.js';
import { warn } from './output.js';

export const define: CommandModule['define'] = (command: Command, run) => {
  addDataOptions(command).action((options: DataOptions) => run(() => milter(options)));
};

async function milter({ config, from }: DataOptions): Promise<ExitCode> {
  const { readConfigText } = await import('../config/load.js');
  const readInput = (): MilterInput => {
    const { text, file } = readConfigText(config);
    return { text, file, ...(from && { from }) };
  };
  const report: Report = (_, text) => {
    for (const line of text.split('\n')) warn(line);
  };
  const state = new ServiceState(process.env, report);
  return runMilter({ input: readInput(), readInput, report, state });
}
