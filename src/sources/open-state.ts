import { existsSync } from 'node:fs';

import type { LoadedConfig } from '../config/load.js';
import { SourceError } from '../util/errors.js';
import { markFiles, readCountryCache, writeCountryCache } from './country-cache.js';
import { type CountryData, NO_COUNTRIES } from './country-data.js';
import type { OpenOptions } from './open-files.js';
import { sourcesFolder, storedPath } from './store.js';

/**
 * Opens the countries that the configuration names: its CSV files, or the last good files of
 * its registries. Those were checked when they were stored; where nobody asks for their records,
 * the countries that were kept of them do.
 *
 * @throws SourceError where there is nothing at all
 */
export async function openState(
  { config, resolvePath }: LoadedConfig,
  options: OpenOptions = {},
): Promise<CountryData> {
  const { csv, registries } = config.sources;
  if (csv.length > 0) {
    const { openCsvFiles } = await import('./csv/open-csv.js');
    return openCsvFiles(csv.map(resolvePath));
  }
  const state = resolvePath(config.state);
  const here = registries.filter((registry) => existsSync(storedPath(state, registry)));
  const paths = here.map((registry) => storedPath(state, registry));
  if (here.length === 0) {
    const absent = `no statistics file in ${sourcesFolder(state)}; run \`sekisho update\`, or name files with --from`;
    if (options.mayLack) return { ...NO_COUNTRIES, absent };
    throw new SourceError(absent);
  }
  const kept = options.keepStatistics === false ? readCountryCache(state, paths) : undefined;
  const data = kept ?? (await import('./open-files.js')).openStatisticsFiles(paths, options);
  return { ...data, missing: registries.filter((registry) => !here.includes(registry)) };
}

/**
 * Keeps the countries of the stored files for the commands that come, where that is not done.
 * Only for who holds the lock of the state folder.
 *
 * @throws SystemError where the system refuses
 */
export async function keepCountries({ config, resolvePath }: LoadedConfig): Promise<void> {
  const state = resolvePath(config.state);
  const paths = config.sources.registries
    .map((registry) => storedPath(state, registry))
    .filter((path) => existsSync(path));
  if (paths.length === 0 || readCountryCache(state, paths) !== undefined) return;
  const { openStatisticsFiles } = await import('./open-files.js');
  const marks = markFiles(paths);
  let data: CountryData;
  try {
    data = openStatisticsFiles(paths, { keepStatistics: false });
  } catch (error) {
    if (error instanceof SourceError) return; // whoever needs the file will say so
    throw error;
  }
  writeCountryCache(state, marks, data);
}
