import type { Command } from 'commander';

import { milterAlone } from '../daemon/milter-alone.js';
import type { CommandModule } from './command-module.js';
import { type DataOptions, addDataOptions } from './data-options.js';
import { openService } from './open-service.js';

export const define: CommandModule['define'] = (command: Command, run) => {
  addDataOptions(command).action(({ config, from }: DataOptions) =>
    run(async () => milterAlone({ ...openService(config), from })),
  );
};
