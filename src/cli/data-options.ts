import type { Command } from 'commander';

import { findConfigFile } from '../config/find.js';
import type { LoadedConfig } from '../config/load.js';
import {
  type ConfiguredLists,
  type DataChoice,
  openConfiguredLists,
  openData,
} from '../jobs/open-data.js';
import type { CountryData } from '../sources/country-data.js';
import type { OpenOptions } from '../sources/open-files.js';
import { VOICE } from './output.js';

/** The options of every command that needs countries. */
export interface DataOptions extends DataChoice {
  readonly config?: string;
}

export function addConfigOption(command: Command): Command {
  return command.option(
    '-c, --config <file>',
    'configuration (default: ./sekisho.yaml, then /etc/sekisho/sekisho.yaml)',
  );
}

export function addDataOptions(command: Command): Command {
  return addConfigOption(command).option(
    '--from <file...>',
    'statistics files (plain or gzip), folders of them, or country CSV files to use instead of ' +
      'the state; every word up to the next option or --',
  );
}

/**
 * Reads the configuration. With --from none is needed: then undefined where none is named and
 * none stands in the usual places (which also saves the time of loading its parser).
 */
export async function loadConfigIfNeeded(options: DataOptions): Promise<LoadedConfig | undefined> {
  if (options.from && findConfigFile(options.config) === undefined) return undefined;
  const { loadConfig } = await import('../config/load.js');
  return loadConfig(options.config);
}

/**
 * Opens the countries that a command asked for, and tells remarks to a terminal.
 *
 * @param open with `keepStatistics` where single records will be looked up
 */
export async function openCountries(
  options: DataOptions,
  loaded: LoadedConfig | undefined,
  open?: OpenOptions,
): Promise<CountryData> {
  const place = loaded ?? (options.from ? undefined : await loadConfigIfNeeded(options));
  return openData(place, options, VOICE, open);
}

/** Makes the configured lists; what is refused or left out is said. */
export async function openListsOf(
  loaded: LoadedConfig,
  data: CountryData,
  options: DataOptions,
): Promise<ConfiguredLists> {
  return openConfiguredLists(loaded, data, options, VOICE);
}
