import { Argument, type Command, Option } from 'commander';

import type { LoadedConfig } from '../config/load.js';
import { REGISTRY_NAMES, type RegistryName } from '../config/registry-names.js';
import {
  type FetchWishes,
  chosenRegistries,
  feedFaultLines,
  fetchConfigured,
  fetchConfiguredFeeds,
} from '../jobs/fetch.js';
import { type FetchReport, exitCodeOf, faultLines } from '../sources/fetch.js';
import { EXIT, type ExitCode } from '../util/errors.js';
import type { CommandModule } from './command-module.js';
import { addConfigOption } from './data-options.js';
import { note, warn } from './output.js';
import { withStateLock } from './state-lock.js';

interface FetchCommandOptions {
  readonly config?: string;
  readonly accept?: readonly RegistryName[];
  readonly quiet?: boolean;
}

export const define: CommandModule['define'] = (command: Command, run) => {
  addConfigOption(command)
    .addArgument(
      new Argument('[registries...]', 'only these (default: all that are configured)').choices(
        REGISTRY_NAMES,
      ),
    )
    .addOption(acceptOption())
    .option('-q, --quiet', 'print failures only')
    .action(async (registries: RegistryName[], options: FetchCommandOptions) =>
      run(() => fetchCommand(registries, options)),
    );
};

export function acceptOption(): Option {
  return new Option(
    '--accept <registries...>',
    'take the next file of these even if its serial goes back or a country loses or gains much',
  ).choices(REGISTRY_NAMES);
}

async function fetchCommand(
  registries: readonly RegistryName[],
  options: FetchCommandOptions,
): Promise<ExitCode> {
  const { loadConfig } = await import('../config/load.js');
  const loaded = loadConfig(options.config);
  if (loaded.config.sources.csv.length > 0) {
    throw loaded.errorAt(
      ['sources', 'csv'],
      'CSV files',
      'registries, where there is to be a fetch',
    );
  }
  const outcome = await withStateLock(loaded, 'sekisho fetch', async () => {
    const code = exitCodeOf(await fetchAndTell(loaded, { ...options, registries }, options.quiet));
    const feeds = registries.length > 0 ? EXIT.done : await fetchFeedsAndTell(loaded);
    return code === EXIT.done ? feeds : code;
  });
  return outcome ?? EXIT.done;
}

/** Fetches with bars at a terminal; failures, a line each, always. The caller holds the lock. */
export async function fetchAndTell(
  loaded: LoadedConfig,
  wishes: FetchWishes,
  quiet = false,
): Promise<FetchReport> {
  const talks = process.stderr.isTTY && !quiet;
  const names = chosenRegistries(loaded, wishes);
  const bars = talks ? new (await import('./fetch-bars.js')).FetchBars(names) : undefined;
  let report;
  try {
    report = await fetchConfigured(loaded, wishes, bars);
  } finally {
    bars?.stop();
  }
  for (const line of faultLines(report)) warn(line);
  if (talks) tellOutcomes(report);
  return report;
}

/** Fetches the lists that have a URL; failures, a line each, always. The caller holds the lock. */
export async function fetchFeedsAndTell(loaded: LoadedConfig): Promise<ExitCode> {
  const lines = feedFaultLines(await fetchConfiguredFeeds(loaded));
  for (const line of lines) warn(line);
  return lines.length > 0 ? EXIT.partial : EXIT.done;
}

function tellOutcomes({ outcomes }: FetchReport): void {
  for (const { registry, outcome, notes, oldSerial, newSerial } of outcomes) {
    const from = oldSerial === undefined ? '' : ` from ${oldSerial}`;
    if (outcome === 'updated') note(`${registry} updated${from} to ${newSerial ?? ''}`);
    if (outcome === 'unchanged') note(`${registry} has nothing newer than ${newSerial ?? ''}`);
    for (const text of notes) note(`${registry}: ${text}`);
  }
}
