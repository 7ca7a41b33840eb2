import type { LoadedConfig } from '../../config/load.js';
import type { ZoneConfig } from '../../config/schema.js';
import type { ZoneSecrets } from '../../config/zone-secrets.js';
import type { List } from '../../lists/catalogue.js';
import type { CountryData } from '../../sources/country-data.js';
import type { ZoneSource } from '../zone/zone-source.js';
import { countryZone } from './country-zone.js';
import { datasetZone, datasetsOf } from './dataset-zone.js';
import { hideSecrets, secretLines } from './hide-secrets.js';
import type { ListFacts } from './list-layers.js';
import { listZone } from './list-zone.js';
import { originZone } from './origin-zone.js';
import { type ZoneTime, zoneHead } from './zone-head.js';

/** What the zones of one load are made from. */
export interface ZoneMaterial {
  readonly loaded: LoadedConfig;
  readonly lists: ReadonlyMap<string, List>;
  /** Lists that are not there since somebody has to mend a file. */
  readonly broken: ReadonlySet<string>;
  readonly data: CountryData;
  /** What no answer may show. */
  readonly secrets: ZoneSecrets;
  readonly nowMs: number;
}

/** Makes a zone of any kind. @param warn is told what is wrong with what it is made of */
export function makeZone(
  zone: ZoneConfig,
  time: ZoneTime,
  material: ZoneMaterial,
  warn: (warning: string) => void,
): ZoneSource {
  const { loaded, broken, data, secrets, nowMs } = material;
  switch (zone.kind) {
    case 'list':
      return hideSecrets(listZone(zone, { ...factsOf(material), broken }, time), secrets).zone;
    // what countries and origins tell comes from registries alone: there is nothing to hide
    case 'country':
      return keptZone(zone, data, time, () => countryZone(zone, data.table, time));
    case 'origin':
      return keptZone(zone, data, time, () => originZone(zone, data, time));
    case 'rbldnsd': {
      const specs = datasetsOf(zone, loaded);
      const read = datasetZone(zone, specs, time, nowMs);
      read.warnings.forEach(warn);
      const told = hideSecrets(read.zone, secrets);
      if (told.hasHidden) secretLines(specs, secrets).forEach(warn);
      return told.zone;
    }
  }
}

function factsOf({ loaded, lists, data, nowMs }: ZoneMaterial): ListFacts {
  return { lists, definitions: loaded.config.lists, table: data.table, nowMs };
}

/** A zone that there is nothing for; it goes on with its last good content, where it had any. */
export function failedZone(zone: ZoneConfig, time: ZoneTime, failed: string): ZoneSource {
  return { ...zoneHead(zone, time), answers: [], groups: [], failed };
}

const keptZones = new WeakMap<CountryData, Map<string, ZoneSource>>();

/** A zone that depends on the countries alone is made once for them; only its head has a new time. */
function keptZone(
  zone: ZoneConfig,
  data: CountryData,
  time: ZoneTime,
  make: () => ZoneSource,
): ZoneSource {
  const zones = keptZones.get(data) ?? new Map<string, ZoneSource>();
  keptZones.set(data, zones);
  const key = JSON.stringify(zone);
  const source = zones.get(key) ?? make();
  zones.set(key, source);
  const { groups, answers } = source;
  return { ...zoneHead(zone, time), groups, answers };
}
