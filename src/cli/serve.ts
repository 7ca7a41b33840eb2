import type { Command } from 'commander';

import { readServiceConfig } from '../daemon/configuration.js';
import { serveAlone } from '../daemon/serve-alone.js';
import { logStyle, openServiceLog } from '../daemon/service-log.js';
import type { CommandModule } from './command-module.js';
import { type DataOptions, addDataOptions } from './data-options.js';

export const define: CommandModule['define'] = (command: Command, run) => {
  addDataOptions(command).action((options: DataOptions) =>
    run(async () => {
      // one reading for both: the zones are made of the text that was checked
      const config = readServiceConfig(options.config);
      const { log } = config.loaded.config;
      const report = openServiceLog(log, logStyle(log));
      return serveAlone({ config, path: options.config, from: options.from, report });
    }),
  );
};
