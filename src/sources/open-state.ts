import { existsSync } from 'node:fs';

import type { LoadedConfig } from '../config/load.js';
import { SourceError } from '../util/errors.js';
import type { CountryData } from './country-data.js';
import { type OpenOptions, openStatisticsFiles } from './open-files.js';
import { sourcesFolder, storedPath } from './store.js';

/**
 * Opens the countries that the configuration names: its CSV files, or the last good files of
 * its registries.
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
  if (here.length === 0) {
    throw new SourceError(
      `no statistics file in ${sourcesFolder(state)}; run \`sekisho update\`, or name files with --from`,
    );
  }
  const paths = here.map((registry) => storedPath(state, registry));
  const data = openStatisticsFiles(paths, options);
  return { ...data, missing: registries.filter((registry) => !here.includes(registry)) };
}
