import type { LoadedConfig } from '../../config/load.js';
import type { DnsblConfig, ZoneConfig } from '../../config/schema.js';
import type { AddressSet } from '../../ip/address-set.js';
import { UsageError } from '../../util/errors.js';
import { readPrefixes } from '../../ip/prefixes.js';
import { parseDatasets } from './dataset-zone.js';

/** Of a zone's name, with a key where it has any: 32 nibbles have to fit before it (RFC 1035 2.3.4). */
const LONGEST_NAME = 253 - 64;

/** The word in `dnsbl.access` that lets everybody in. */
const ANY = 'any';

/** Clients that `access` names, and whether everybody else may ask, too. */
export interface NamedClients {
  readonly named: AddressSet;
  readonly isOpen: boolean;
}

/**
 * The `dnsbl` part, after what the schema cannot judge: lists that there are, names that stand
 * there once, prefixes, datasets.
 *
 * @throws UsageError naming file and line of the first fault, or that there is no such part
 */
export function checkZones(loaded: LoadedConfig): DnsblConfig {
  const { dnsbl } = loaded.config;
  if (dnsbl === undefined) {
    throw new UsageError(
      `${loaded.file ?? 'the configuration'} has no dnsbl part; see \`sekisho config example\``,
    );
  }
  checkLists(loaded, dnsbl);
  accessOf(loaded, dnsbl);
  transferClients(loaded, dnsbl);
  return dnsbl;
}

/** @throws UsageError for a text that is no prefix */
export function accessOf(loaded: LoadedConfig, { access }: DnsblConfig): NamedClients {
  const named = readPrefixes(access.map((text) => (text === ANY ? undefined : text)));
  if ('index' in named) {
    const { index, expected } = named;
    const found = JSON.stringify(access[index]);
    throw loaded.errorAt(['dnsbl', 'access', index], found, `${expected}, or any`);
  }
  return { named, isOpen: access.includes(ANY) };
}

/** @throws UsageError for a text that is no prefix */
export function transferClients(loaded: LoadedConfig, { transfer }: DnsblConfig): AddressSet {
  const clients = readPrefixes(transfer);
  if (!('index' in clients)) return clients;
  const { index, expected } = clients;
  throw loaded.errorAt(['dnsbl', 'transfer', index], JSON.stringify(transfer[index]), expected);
}

function checkLists(loaded: LoadedConfig, dnsbl: DnsblConfig): void {
  const known = Object.keys(loaded.config.lists);
  const expected = known.length > 0 ? `one of the lists ${known.join(', ')}` : 'a list below lists';
  for (const [k, zone] of dnsbl.zones.entries()) {
    const at = ['dnsbl', 'zones', k] as const;
    for (const name of Object.keys(zone.lists)) {
      if (known.includes(name)) continue;
      throw loaded.errorAt([...at, 'lists', name], JSON.stringify(name), expected);
    }
    for (const [i, name] of zone.allow.entries()) {
      if (known.includes(name)) continue;
      throw loaded.errorAt([...at, 'allow', i], JSON.stringify(name), expected);
    }
    const datasets = parseDatasets(zone.datasets, loaded.resolvePath);
    if ('index' in datasets) {
      const { index } = datasets;
      const found = JSON.stringify(zone.datasets[index]);
      throw loaded.errorAt([...at, 'datasets', index], found, datasets.expected);
    }
    checkKeys(loaded, dnsbl, k);
    checkLength(loaded, zone, [...at, 'name']);
    if (dnsbl.zones.findIndex(({ name }) => name === zone.name) === k) continue;
    throw loaded.errorAt(
      [...at, 'name'],
      JSON.stringify(zone.name),
      'a name that no other zone has',
    );
  }
}

function checkLength(
  loaded: LoadedConfig,
  { name, keys = [] }: ZoneConfig,
  at: readonly (string | number)[],
): void {
  const longest = keys.reduce((most, { length }) => Math.max(most, length + 1), 0);
  const room = LONGEST_NAME - longest;
  if (name.length <= room) return;
  const why = `since ${longest > 0 ? 'a key and ' : ''}an IPv6 address stands before it`;
  throw loaded.errorAt(at, `a name of ${name.length} bytes`, `at most ${room}, ${why}`);
}

/** A zone with keys answers by one name for each of them. Messages do not show keys: logs keep them. */
function checkKeys(loaded: LoadedConfig, { zones }: DnsblConfig, k: number): void {
  const { name = '', keys = [] } = zones[k] ?? {};
  for (const [i, key] of keys.entries()) {
    const at = ['dnsbl', 'zones', k, 'keys', i] as const;
    const other = zones.findIndex((zone) => zone.name === `${key}.${name}`);
    if (other >= 0) {
      const found = `the key that zones.${other} has in its name`;
      throw loaded.errorAt(at, found, `a label below which ${name} has no other zone`);
    }
    if (keys.indexOf(key) < i) throw loaded.errorAt(at, 'a key for the second time', 'each once');
  }
}
