import type { Command } from 'commander';

import { assertDefinitions, readListLines } from '../lists/open-lists.js';
import { faultText } from '../lists/catalogue.js';
import { assertExportRules } from '../exports/rules.js';
import { checkZones } from '../dnsbl/lists/check-zones.js';
import { adviceOn } from '../policy/advice.js';
import { EXIT, UsageError } from '../util/errors.js';
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

/** Everything that can be wrong before an update: the file, what it refers to, the lists' lines. */
async function checkConfig(options: DataOptions): Promise<0> {
  const { loadConfig } = await import('../config/load.js');
  const loaded = loadConfig(options.config);
  assertDefinitions(loaded);
  assertExportRules(loaded);
  (await import('../jobs/write-mail-maps.js')).assertMailMaps(loaded);
  (await import('../mta/settings.js')).assertKnownHosts(loaded);
  const faults = [...readListLines(loaded).values()].flatMap(({ path, faults: found }) =>
    found.map((fault) => faultText({ ...fault, path })),
  );
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  const { firewall, dnsbl, milter, lists: definitions } = loaded.config;
  if (dnsbl) checkZones(loaded);
  if (milter) {
    const { checkMilter, readRules } = await import('../mta/milter/check-milter.js');
    for (const text of readRules(loaded, checkMilter(loaded)).warnings) warn(`warning: ${text}`);
  }
  for (const text of firewall ? adviceOn(firewall, definitions, dnsbl) : [])
    warn(`warning: ${text}`);
  const lists = Object.keys(definitions).length;
  await writeOut([`${loaded.file ?? 'no file, the defaults'}: good, ${lists} lists\n`]);
  return EXIT.done;
}
