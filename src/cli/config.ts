import type { Command } from 'commander';

import { EXIT } from '../util/errors.js';
import type { CommandModule } from './command-module.js';
import { type DataOptions, addConfigOption } from './data-options.js';
import { warn, writeJson, writeOut } from './output.js';

export const define: CommandModule['define'] = (command: Command, run) => {
  const check = command.command('check').description('check the configuration and the lists');
  addConfigOption(check).action(async (options: DataOptions) => run(() => checkConfig(options)));

  command
    .command('example')
    .description('print a commented example')
    .action(async () =>
      run(async () => {
        const { exampleConfig } = await import('../config/example.js');
        // everybody at the full hour would be a burden on the registries' servers
        const minute = Math.floor(Math.random() * 60);
        await writeOut([exampleConfig(`${minute} 4 * * *`)]);
        return EXIT.done;
      }),
    );

  const show = command
    .command('show')
    .description('print the configuration in force, with defaults, as JSON; keys are hidden')
    .option('--secrets', 'with keys and passwords');
  addConfigOption(show).action(async (options: DataOptions & { readonly secrets?: true }) =>
    run(async () => {
      const { loadConfig } = await import('../config/load.js');
      const { withoutSecrets } = await import('../config/secrets.js');
      const { config } = loadConfig(options.config);
      await writeJson(options.secrets ? config : withoutSecrets(config));
      return EXIT.done;
    }),
  );
};

async function checkConfig(options: DataOptions): Promise<0> {
  const { loadConfig } = await import('../config/load.js');
  const { checkWithFiles } = await import('../jobs/check-configuration.js');
  const loaded = loadConfig(options.config);
  for (const text of await checkWithFiles(loaded)) warn(`warning: ${text}`);
  const lists = Object.keys(loaded.config.lists).length;
  await writeOut([`${loaded.file ?? 'no file, the defaults'}: good, ${lists} lists\n`]);
  return EXIT.done;
}
