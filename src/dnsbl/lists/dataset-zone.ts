import type { LoadedConfig } from '../../config/load.js';
import type { ZoneConfig } from '../../config/schema.js';
import { type DatasetSpec, loadZones } from '../rbldnsd/load-zones.js';
import { READ_DEFAULTS } from '../rbldnsd/set-reader.js';
import { isSetType } from '../rbldnsd/set-types.js';
import { warningsOf } from '../rbldnsd/warning-lines.js';
import type { ZoneSource } from '../zone/zone-source.js';
import { type ZoneTime, zoneHead } from './zone-head.js';

export interface DatasetFault {
  readonly index: number;
  readonly expected: string;
}

const TYPES = 'ip4set, ip4trie, ip4tset, ip6trie, ip6tset, dnset, generic, combined or acl';

/** Reads `TYPE:FILE,FILE…`; paths become absolute by `resolvePath`. */
export function parseDatasets(
  texts: readonly string[],
  resolvePath: (path: string) => string,
): DatasetSpec[] | DatasetFault {
  const specs: DatasetSpec[] = [];
  for (const [index, text] of texts.entries()) {
    const colon = text.indexOf(':');
    const type = text.slice(0, colon);
    if (!isSetType(type) && type !== 'combined' && type !== 'acl') {
      return { index, expected: `a dataset of type ${TYPES}` };
    }
    const files = text.slice(colon + 1).split(',');
    if (files.includes('')) return { index, expected: 'a file behind every comma' };
    if (type === 'acl' && specs.some((spec) => spec.type === 'acl')) {
      return { index, expected: 'one acl at most' };
    }
    specs.push({ type, files: files.map(resolvePath) });
  }
  return specs;
}

/** The datasets of a zone that `checkZones` let pass. */
export function datasetsOf(
  zone: ZoneConfig,
  { resolvePath }: LoadedConfig,
): readonly DatasetSpec[] {
  const specs = parseDatasets(zone.datasets, resolvePath);
  if ('index' in specs) throw new Error('a dataset was not checked');
  return specs;
}

/** A zone, and what was wrong in its files. */
export interface DatasetZone {
  readonly zone: ZoneSource;
  readonly warnings: readonly string[];
}

/**
 * A zone of rbldnsd's files. What they say of SOA, name servers and TTL goes before the
 * configuration, which fills in what is missing.
 */
export function datasetZone(
  config: ZoneConfig,
  specs: readonly DatasetSpec[],
  time: ZoneTime,
  nowMs: number,
): DatasetZone {
  const head = zoneHead(config, time);
  const acl = specs.find(({ type }) => type === 'acl');
  const datasets = specs.filter((spec) => spec !== acl);
  const settings = {
    ...READ_DEFAULTS,
    defaultTtlSeconds: Math.round(config.ttl / 1000),
    decompress: true,
    nowMs,
  };
  const result = loadZones({
    zones: [{ name: head.name, datasets, ...(acl && { acl }) }],
    settings,
  });
  const [made] = result.zones;
  const warnings = warningsOf(result);
  if (made?.zone === undefined) {
    const failed = made?.failure ?? 'not read';
    return { zone: { ...head, answers: [], groups: [], failed }, warnings };
  }
  return { zone: { ...head, ...made.zone }, warnings };
}
