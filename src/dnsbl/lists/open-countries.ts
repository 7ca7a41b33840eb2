import type { LoadedConfig } from '../../config/load.js';
import { needsCountries } from '../../lists/in-use.js';
import { type CountryData, NO_COUNTRIES } from '../../sources/country-data.js';
import { KeptCountries } from '../../sources/kept-countries.js';
import { openFiles } from '../../sources/open-files.js';
import { openState } from '../../sources/open-state.js';
import { sourcesFolder } from '../../sources/store.js';
import { KnownError, SourceError } from '../../util/errors.js';
import { usesCountry } from './text-template.js';

const kept = new KeptCountries();

/** Countries, or why there are none. */
export interface FoundCountries {
  readonly data: CountryData;
  readonly noCountries?: string;
}

/**
 * The countries that zones are made from, read anew only where files changed. Without any data,
 * what is made by hand is served all the same: that is most often why it runs. Where texts alone
 * tell of countries, whatever is wrong with the data keeps nothing from being served.
 *
 * @param from statistics files in place of the state
 * @param tell is told why the countries of the last load are given
 * @throws KnownError where files that somebody named cannot be read, and any list or zone is made
 *   of countries
 */
export async function openCountries(
  loaded: LoadedConfig,
  from: readonly string[] | undefined,
  tell: (warning: string) => void,
): Promise<FoundCountries> {
  const isNeeded = needsCountries(loaded.config);
  if (!isNeeded && listsTellingCountry(loaded).size === 0) return { data: NO_COUNTRIES };
  try {
    return { data: await openData(loaded, from, tell) };
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    // files that somebody named have to be there
    if (isNeeded && (from || !(error instanceof SourceError))) throw error;
    return { data: NO_COUNTRIES, noCountries: `there is no registry data: ${error.message}` };
  }
}

/** Lists that are not made of countries, and whose text in a zone tells the client's all the same. */
export function listsTellingCountry({ config }: LoadedConfig): Set<string> {
  const told = (config.dnsbl?.zones ?? []).flatMap(({ lists }) =>
    Object.entries(lists).filter(([, { text }]) => text !== undefined && usesCountry(text)),
  );
  const names = told.map(([name]) => name);
  return new Set(names.filter((name) => config.lists[name]?.countries === undefined));
}

async function openData(
  loaded: LoadedConfig,
  from: readonly string[] | undefined,
  tell: (warning: string) => void,
): Promise<CountryData> {
  const zones = loaded.config.dnsbl?.zones ?? [];
  const options = { keepStatistics: zones.some(({ kind }) => kind === 'origin') };
  const how = JSON.stringify([options, loaded.config.sources]);
  const open = (): CountryData | Promise<CountryData> =>
    from ? openFiles([...from], options) : openState(loaded, options);
  return kept.get(countryPaths(loaded, from), how, open, tell);
}

/** Files and folders that countries are read from. */
export function countryPaths(
  loaded: LoadedConfig,
  from: readonly string[] | undefined,
): readonly string[] {
  const { config, resolvePath } = loaded;
  if (from) return from;
  if (config.sources.csv.length > 0) return config.sources.csv.map(resolvePath);
  return [sourcesFolder(resolvePath(config.state))];
}
