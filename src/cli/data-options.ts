import type { Command } from 'commander';

import { findConfigFile } from '../config/find.js';
import type { LoadedConfig } from '../config/load.js';
import type { List } from '../lists/catalogue.js';
import type { CountryData } from '../sources/country-data.js';
import type { OpenOptions } from '../sources/open-files.js';
import { note, warn } from './output.js';

/** The options of every command that needs countries. */
export interface DataOptions {
  readonly config?: string;
  readonly from?: string[];
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
  open: OpenOptions = { keepStatistics: false },
): Promise<CountryData> {
  const data = await openData(options, loaded, open);
  for (const text of data.notes) note(text);
  return data;
}

async function openData(
  options: DataOptions,
  loaded: LoadedConfig | undefined,
  open: OpenOptions,
): Promise<CountryData> {
  if (options.from) return (await import('../sources/open-files.js')).openFiles(options.from, open);
  const { openState } = await import('../sources/open-state.js');
  return openState(loaded ?? (await import('../config/load.js')).loadConfig(options.config), open);
}

/** The configured lists, and whether none of them lacks anything. */
export interface ConfiguredLists {
  readonly lists: ReadonlyMap<string, List>;
  /** Lists that cannot be made now: name and why. */
  readonly leftOut: ReadonlyMap<string, string>;
  readonly complete: boolean;
}

/** Bad lines that are told one by one; a file that is no list at all has thousands. */
const FAULTS_SHOWN = 20;

/**
 * Makes the configured lists. Remarks go to a terminal; what is refused or left out always to
 * standard error.
 */
export async function openListsOf(
  loaded: LoadedConfig,
  data: CountryData,
  options: DataOptions,
): Promise<ConfiguredLists> {
  const { openLists } = await import('../lists/open-lists.js');
  const { faultText } = await import('../lists/catalogue.js');
  const readState = options.from === undefined;
  const { lists, notes, leftOut } = openLists(loaded, data.table, { nowMs: Date.now(), readState });
  for (const text of notes) note(text);
  const faults = new Set([...lists.values()].flatMap((list) => list.faults.map(faultText)));
  for (const text of [...faults].slice(0, FAULTS_SHOWN)) warn(`${text}. The line is left out.`);
  if (faults.size > FAULTS_SHOWN) {
    warn(`${faults.size - FAULTS_SHOWN} more lines are left out in the same way`);
  }
  for (const [name, why] of leftOut) warn(`list ${name} is left out: ${why}`);
  return { lists, leftOut, complete: faults.size === 0 && leftOut.size === 0 };
}
