import type { Command } from 'commander';

import { readServiceConfig } from '../daemon/configuration.js';
import { Service } from '../daemon/service.js';
import { logStyle, openServiceLog } from '../daemon/service-log.js';
import type { CommandModule } from './command-module.js';
import { type DataOptions, addConfigOption } from './data-options.js';

export const define: CommandModule['define'] = (command: Command, run) => {
  addConfigOption(command).action((options: DataOptions) =>
    run(async () => {
      const config = readServiceConfig(options.config);
      const { log } = config.loaded.config;
      const report = openServiceLog(log, logStyle(log));
      return new Service({ path: options.config, config, report }).run();
    }),
  );
};
