import type { Command } from 'commander';

import { readServiceConfig } from '../daemon/configuration.js';
import { milterAlone } from '../daemon/milter-alone.js';
import { logStyle, openServiceLog } from '../daemon/service-log.js';
import type { CommandModule } from './command-module.js';
import { type DataOptions, addDataOptions } from './data-options.js';

export const define: CommandModule['define'] = (command: Command, run) => {
  addDataOptions(command).action((options: DataOptions) =>
    run(async () => {
      const config = readServiceConfig(options.config);
      const { log } = config.loaded.config;
      const report = openServiceLog(log, logStyle(log));
      return milterAlone({ config, path: options.config, from: options.from, report });
    }),
  );
};
