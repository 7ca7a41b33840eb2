import type { LoadedConfig } from '../config/load.js';
import { TELLS_SECRET, ZoneSecrets, secretTexts, tellsReasons } from '../config/zone-secrets.js';
import type { ListLines } from './catalogue.js';

/** Lines that are told one by one. */
const MOST = 20;

/**
 * What would tell a client the name of a zone that has keys, or a key, were it not hidden: texts of
 * the configuration, and reasons of entries where these are told. A line each, with file and line
 * and without the secret.
 */
export function secretWarnings(
  loaded: LoadedConfig,
  lines: ReadonlyMap<string, ListLines>,
): string[] {
  const found = secretTexts(loaded);
  const secrets = new ZoneSecrets(loaded.config);
  if (secrets.isEmpty || !tellsReasons(loaded.config)) return found;
  for (const { path, entries } of lines.values()) {
    const bad = entries.filter(({ reason }) => reason !== undefined && secrets.areIn(reason));
    found.push(
      ...bad.slice(0, MOST).map(({ line }) => `${path}:${line}: the reason ${TELLS_SECRET}`),
    );
    if (bad.length > MOST) found.push(`${path}: ${bad.length - MOST} more such reasons`);
  }
  return found;
}
