import type { LoadedConfig } from '../../config/load.js';
import { feedPaths } from '../../lists/feed-path.js';
import { datasetsOf } from './dataset-zone.js';
import { countryPaths } from './open-countries.js';

/** Files and folders that a configuration's zones are made from: a change there asks for a load. */
export function watchedPaths(loaded: LoadedConfig, from: readonly string[] | undefined): string[] {
  const { config, resolvePath } = loaded;
  const state = resolvePath(config.state);
  const paths: string[] = [];
  for (const [name, { file, url, stale }] of Object.entries(config.lists)) {
    if (file !== undefined) paths.push(resolvePath(file));
    if (url !== undefined) paths.push(...feedPaths(state, name, stale));
  }
  for (const zone of config.dnsbl?.zones ?? []) {
    paths.push(...datasetsOf(zone, loaded).flatMap(({ files }) => files));
  }
  return [...paths, ...countryPaths(loaded, from)];
}
