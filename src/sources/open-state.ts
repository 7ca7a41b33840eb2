import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { type LoadedConfig } from '../config/load.js';
import { SourceError } from '../util/errors.js';
import { type CountryData } from './country-data.js';
import { openStatisticsFiles } from './open-files.js';

/** The last good file of a registry in the state folder. */
export function stateFile(stateFolder: string, registry: string): string {
  return join(stateFolder, 'sources', `delegated-${registry}`);
}

/**
 * Opens the countries that the configuration names: its CSV files, or the last good files of
 * its registries.
 *
 * @throws SourceError where there is nothing at all
 */
export async function openState({ config, resolvePath }: LoadedConfig): Promise<CountryData> {
  const { csv, registries } = config.sources;
  if (csv.length > 0) {
    const { openCsvFiles } = await import('./csv/open-csv.js');
    return openCsvFiles(csv.map(resolvePath));
  }
  const state = resolvePath(config.state);
  const here = registries.filter((registry) => existsSync(stateFile(state, registry)));
  if (here.length === 0) {
    throw new SourceError(
      `no statistics file in ${join(state, 'sources')}; run \`sekisho update\`, or name files with --from`,
    );
  }
  const data = openStatisticsFiles(here.map((registry) => stateFile(state, registry)));
  return { ...data, missing: registries.filter((registry) => !here.includes(registry)) };
}
