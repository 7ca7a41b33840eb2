import type { Command } from 'commander';

import { configuredServer } from '../dnsbl/configured-server.js';
import { runForeground } from '../dnsbl/server/run-foreground.js';
import type { CommandModule } from './command-module.js';
import { type DataOptions, addDataOptions } from './data-options.js';
import type { ExitCode } from '../util/errors.js';
import { warn } from './output.js';

export const define: CommandModule['define'] = (command: Command, run) => {
  addDataOptions(command).action((options: DataOptions) => run(() => serve(options)));
};

async function serve({ config, from }: DataOptions): Promise<ExitCode> {
  const { parseConfig, readConfigText } = await import('../config/load.js');
  // one reading for both: the zones are made of the text that was checked
  const { text, file } = readConfigText(config);
  const loaded = parseConfig(text, file);
  const { settings, transfers } = configuredServer(
    loaded,
    { text, file, ...(from && { from }) },
    (_, line) => {
      warn(line);
    },
  );
  try {
    return await runForeground({
      settings,
      onServing: ({ compiled }) => {
        transfers.serve(compiled);
      },
    });
  } finally {
    transfers.stop();
  }
}
