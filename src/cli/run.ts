import type { Command } from 'commander';

import { Service } from '../daemon/service.js';
import type { CommandModule } from './command-module.js';
import { type DataOptions, addConfigOption } from './data-options.js';
import { openService } from './open-service.js';

export const define: CommandModule['define'] = (command: Command, run) => {
  addConfigOption(command).action((options: DataOptions) =>
    run(async () => new Service(openService(options.config)).run()),
  );
};
