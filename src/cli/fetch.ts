import { Argument, type Command, Option } from 'commander';

import { type LoadedConfig } from '../config/load.js';
import { REGISTRY_NAMES, type RegistryName } from '../config/registry-names.js';
import { countriesInUse } from '../lists/in-use.js';
import {
  type FetchOptions,
  type FetchProgress,
  type FetchReport,
  exitCodeOf,
  faultLines,
  fetchRegistries,
} from '../sources/fetch.js';
import { REGISTRIES } from '../sources/registries.js';
import { EXIT, type ExitCode, UsageError } from '../util/errors.js';
import { lockHeldText, takeLock } from '../util/lock.js';
import { packageVersion } from '../util/version.js';
import { type CommandModule } from './commands.js';
import { addConfigOption } from './data-options.js';
import { note, warn } from './output.js';

/** What `fetch` takes beside the configuration, and `update` too. */
export interface FetchWishes {
  /** Only these; all that are configured where it is not given or empty. */
  readonly registries?: readonly RegistryName[];
  /** Take the next file of these without a look at their last one. */
  readonly accept?: readonly RegistryName[];
  /** No bars and no remarks, at a terminal either. */
  readonly quiet?: boolean;
}

interface FetchCommandOptions extends Omit<FetchWishes, 'registries'> {
  readonly config?: string;
}

export const define: CommandModule['define'] = (command: Command, run) => {
  addConfigOption(command)
    .addArgument(
      new Argument('[registries...]', 'only these (default: all that are configured)').choices(
        REGISTRY_NAMES,
      ),
    )
    .addOption(
      new Option(
        '--accept <registries...>',
        'take the next file of these even if its serial goes back or a country loses or gains much',
      ).choices(REGISTRY_NAMES),
    )
    .option('-q, --quiet', 'print failures only')
    .action(async (registries: RegistryName[], options: FetchCommandOptions) =>
      run(() => fetchCommand(registries, options)),
    );
};

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
  const state = loaded.resolvePath(loaded.config.state);
  const attempt = await takeLock(state, { command: 'sekisho fetch' });
  if (attempt.lock === undefined) {
    warn(lockHeldText(state, attempt.holder));
    return EXIT.done;
  }
  try {
    return exitCodeOf(await fetchConfigured(loaded, { ...options, registries }));
  } finally {
    attempt.lock.release();
  }
}

/**
 * Fetches as the configuration says; the caller holds the lock of the state. Bars at a
 * terminal; failures, a line each, always.
 *
 * @throws what `fetchRegistries` throws, and UsageError for registries that are not configured
 */
export async function fetchConfigured(
  loaded: LoadedConfig,
  wishes: FetchWishes,
): Promise<FetchReport> {
  const names = chosenRegistries(loaded, wishes);
  const talks = process.stderr.isTTY && wishes.quiet !== true;
  const bars = talks ? new (await import('./fetch-bars.js')).FetchBars(names) : undefined;
  let report;
  try {
    report = await fetchRegistries(fetchOptions(loaded, names, wishes, bars));
  } finally {
    bars?.stop();
  }
  for (const line of faultLines(report)) warn(line);
  if (talks) {
    for (const { registry, outcome, notes, oldSerial, newSerial } of report.outcomes) {
      const from = oldSerial === undefined ? '' : ` from ${oldSerial}`;
      if (outcome === 'updated') note(`${registry} updated${from} to ${newSerial ?? ''}`);
      if (outcome === 'unchanged') note(`${registry} has nothing newer than ${newSerial ?? ''}`);
      for (const text of notes) note(`${registry}: ${text}`);
    }
  }
  return report;
}

function chosenRegistries(loaded: LoadedConfig, wishes: FetchWishes): readonly RegistryName[] {
  const configured = loaded.config.sources.registries;
  const { registries = [], accept = [] } = wishes;
  const names = registries.length > 0 ? registries : configured;
  for (const [words, among, where] of [
    [registries, configured, 'the registries of the configuration'],
    [accept, names, 'the registries that are fetched'],
  ] as const) {
    const stranger = words.find((name) => !among.includes(name));
    if (stranger !== undefined) {
      throw new UsageError(`found ${stranger}; expected one of ${where}: ${among.join(', ')}`);
    }
  }
  return REGISTRY_NAMES.filter((name) => names.includes(name));
}

function fetchOptions(
  loaded: LoadedConfig,
  names: readonly RegistryName[],
  wishes: FetchWishes,
  progress: FetchProgress | undefined,
): FetchOptions {
  const { config, resolvePath } = loaded;
  const { sources } = config;
  return {
    state: resolvePath(config.state),
    registries: REGISTRIES.filter(({ name }) => names.includes(name)).map((registry) => ({
      ...registry,
      urls: sources.urls[registry.name] ?? registry.urls,
    })),
    countries: countriesInUse(config.lists),
    fall: sources.fall,
    rise: sources.rise,
    accept: new Set(wishes.accept),
    limits: {
      connectMs: sources.connect_timeout,
      idleMs: sources.idle_timeout,
      totalMs: sources.total_timeout,
      tries: sources.tries,
      maxBytes: sources.max_size,
    },
    userAgent: `sekisho/${packageVersion()}`,
    ...(progress && { progress }),
  };
}
