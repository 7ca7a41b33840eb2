import type { LoadedConfig } from '../../config/load.js';
import type { MilterConfig } from '../../config/schema.js';
import type { AddressSet } from '../../ip/address-set.js';
import { readPrefixes } from '../../ip/prefixes.js';
import { assertDefinitions } from '../../lists/open-lists.js';
import { UsageError } from '../../util/errors.js';
import type { RefusalAction } from './judge/settings.js';

/**
 * The `milter` part, after what the schema cannot judge: lists that there are, prefixes, codes that
 * go with their action.
 *
 * @throws UsageError naming file and line of the first fault, or that there is no such part
 */
export function checkMilter(loaded: LoadedConfig): MilterConfig {
  const { milter, lists } = loaded.config;
  if (milter === undefined) {
    throw new UsageError(
      `${loaded.file ?? 'the configuration'} has no milter part; see \`sekisho config example\``,
    );
  }
  assertDefinitions(loaded);
  const known = Object.keys(lists);
  const expected = known.length > 0 ? `one of the lists ${known.join(', ')}` : 'a list below lists';
  for (const [name, { code }] of Object.entries(milter.lists)) {
    const at = ['milter', 'lists', name];
    if (!known.includes(name)) throw loaded.errorAt(at, JSON.stringify(name), expected);
    const action = actionOf(loaded, milter, name);
    const first = action === 'reject' ? '5' : '4';
    if (code !== undefined && !code.startsWith(first)) {
      const wanted = `a code that begins with ${first}, since the list's action is ${action}`;
      throw loaded.errorAt([...at, 'code'], JSON.stringify(code), wanted);
    }
  }
  for (const [k, name] of milter.allow.entries()) {
    if (known.includes(name)) continue;
    throw loaded.errorAt(['milter', 'allow', k], JSON.stringify(name), expected);
  }
  knownHosts(loaded, milter);
  prefixesAt(loaded, ['milter', 'helo', 'addresses'], milter.helo.addresses);
  return milter;
}

/** What is done with clients in a list: as the milter's own entry says, or the list's. */
export function actionOf(
  { config }: LoadedConfig,
  milter: MilterConfig,
  list: string,
): RefusalAction {
  return milter.lists[list]?.action ?? config.lists[list]?.action ?? 'reject';
}

/**
 * Own gateways: `milter.known`, or else `mta.known_hosts`.
 *
 * @throws UsageError for a text that is no prefix
 */
export function knownHosts(loaded: LoadedConfig, { known }: MilterConfig): AddressSet {
  if (known !== undefined) return prefixesAt(loaded, ['milter', 'known'], known);
  return prefixesAt(loaded, ['mta', 'known_hosts'], loaded.config.mta.known_hosts);
}

/** @throws UsageError for a text that is no prefix */
export function prefixesAt(
  loaded: LoadedConfig,
  at: readonly string[],
  texts: readonly string[],
): AddressSet {
  const read = readPrefixes(texts);
  if (!('index' in read)) return read;
  throw loaded.errorAt([...at, read.index], JSON.stringify(texts[read.index]), read.expected);
}
