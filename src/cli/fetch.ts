import { Argument, type Command, Option } from 'commander';

import { REGISTRY_NAMES, type RegistryName } from '../config/registry-names.js';
import { type FetchHow, fetchFeedsAloud, fetchRegistriesAloud } from '../jobs/fetch-aloud.js';
import { feedFaultLines } from '../jobs/fetch.js';
import { withDownloadLock } from '../jobs/state-lock.js';
import { exitCodeOf } from '../sources/fetch.js';
import { EXIT, type ExitCode } from '../util/errors.js';
import type { CommandModule } from './command-module.js';
import { addConfigOption } from './data-options.js';
import type { FetchBars } from './fetch-bars.js';
import { QUIET_VOICE, VOICE } from './output.js';

interface FetchCommandOptions {
  readonly config?: string;
  readonly accept?: readonly string[];
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
    '--accept <names...>',
    'take the next file of these registries and lists with a URL even if its serial goes back, or ' +
      'a country or the list loses or gains much',
  );
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
  const { quiet = false } = options;
  const how: FetchHow = { voice: quiet ? QUIET_VOICE : VOICE, ...fetchBars(quiet) };
  const outcome = await withDownloadLock(loaded, 'sekisho fetch', VOICE, async () => {
    const code = exitCodeOf(await fetchRegistriesAloud(loaded, { ...options, registries }, how));
    if (registries.length > 0) return code;
    const faults = feedFaultLines(await fetchFeedsAloud(loaded, options, how));
    return code === EXIT.done && faults.length > 0 ? EXIT.partial : code;
  });
  return outcome ?? EXIT.done;
}

/** Bars at a terminal, unless it is to be quiet. */
export function fetchBars(quiet: boolean): Pick<FetchHow, 'progress'> {
  if (!process.stderr.isTTY || quiet) return {};
  let bars: FetchBars | undefined;
  return {
    progress: {
      begin: async (registries) => {
        const module = await import('./fetch-bars.js');
        bars = new module.FetchBars(registries);
        return bars;
      },
      end: () => bars?.stop(),
    },
  };
}
