import type { Command } from 'commander';

import type { LoadedConfig } from '../config/load.js';
import type { RegistryName } from '../config/registry-names.js';
import { assertExportRules } from '../exports/rules.js';
import { writeExports } from '../jobs/write-exports.js';
import { assertDefinitions } from '../lists/open-lists.js';
import type { CountryData } from '../sources/country-data.js';
import { exitCodeOf } from '../sources/fetch.js';
import { EXIT, type ExitCode } from '../util/errors.js';
import type { CommandModule } from './command-module.js';
import { type DataOptions, addDataOptions, openCountries, openListsOf } from './data-options.js';
import { acceptOption, fetchAndTell, fetchFeedsAndTell } from './fetch.js';
import { writeSummary } from './list-summary.js';
import { note, warn } from './output.js';
import { withStateLock } from './state-lock.js';

interface UpdateOptions extends DataOptions {
  readonly accept?: readonly RegistryName[];
  readonly quiet?: boolean;
  readonly summary?: boolean;
}

export const define: CommandModule['define'] = (command: Command, run) => {
  addDataOptions(command)
    .addOption(acceptOption())
    .option('-q, --quiet', 'print failures only')
    .option('--summary', 'print the table of lists also where standard output is no terminal')
    .action(async (options: UpdateOptions) => run(() => update(options)));
};

async function update(options: UpdateOptions): Promise<ExitCode> {
  const { loadConfig } = await import('../config/load.js');
  const loaded = loadConfig(options.config);
  assertDefinitions(loaded);
  assertExportRules(loaded);
  // an apply writes to the state also where the data is from elsewhere
  if (options.from && loaded.config.firewall === undefined) return build(loaded, options);
  const code = await withStateLock(loaded, 'sekisho update', async () => {
    const fetched = options.from ? EXIT.done : await fetchAll(loaded, options);
    if (fetched === EXIT.failed) return fetched;
    const built = await build(loaded, options);
    return built === EXIT.done ? fetched : built;
  });
  return code ?? EXIT.done;
}

/** What there is to fetch: nothing of the registries where the countries come from CSV files. */
async function fetchAll(loaded: LoadedConfig, options: UpdateOptions): Promise<ExitCode> {
  const { quiet, accept } = options;
  const registries =
    loaded.config.sources.csv.length > 0
      ? EXIT.done
      : exitCodeOf(await fetchAndTell(loaded, { ...(accept && { accept }) }, quiet));
  const feeds = await fetchFeedsAndTell(loaded);
  return registries === EXIT.done ? feeds : registries;
}

/** Makes the lists and writes the files that the configuration asks for. */
async function build(loaded: LoadedConfig, options: UpdateOptions): Promise<ExitCode> {
  const data = await openCountries(options, loaded);
  tellMissing(data, options);
  const { lists, complete } = await openListsOf(loaded, data, options);
  const { paths, faults } = writeExports(loaded, lists, data);
  for (const fault of faults) warn(fault);
  if (options.summary || (process.stdout.isTTY && !options.quiet)) {
    await writeSummary([...lists.values()]);
  }
  if (!options.quiet) {
    for (const path of paths) note(`wrote ${path}`);
    for (const text of data.attribution) note(text);
  }
  const { applyUnattended } = await import('./firewall/unattended.js');
  const applied = await applyUnattended(loaded, lists);
  return complete && faults.length === 0 ? applied : EXIT.partial;
}

/** With --from a missing registry is no error: whoever names the files knows what he names. */
function tellMissing(data: CountryData, options: DataOptions): void {
  if (options.from || data.missing.length === 0) return;
  warn(`no file of ${data.missing.join(', ')} yet: countries are incomplete`);
}
