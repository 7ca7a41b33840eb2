import { parseConfig } from '../../config/load.js';
import type { LoadedConfig } from '../../config/load.js';
import type { DnsblConfig, ListDefinition, ZoneConfig } from '../../config/schema.js';
import type { List } from '../../lists/catalogue.js';
import { ZoneSecrets } from '../../config/zone-secrets.js';
import { unionOf } from '../../ip/address-set.js';
import { faultText } from '../../lists/catalogue.js';
import { neighboursOf } from '../../lists/definitions.js';
import { feedPaths } from '../../lists/feed-path.js';
import { feedStates, feedWarnings } from '../../lists/feeds/times.js';
import { needsCountries } from '../../lists/in-use.js';
import { openLists } from '../../lists/open-lists.js';
import { secretWarnings } from '../../lists/secret-reasons.js';
import { type CountryData, NO_COUNTRIES } from '../../sources/country-data.js';
import { openFiles } from '../../sources/open-files.js';
import { openState } from '../../sources/open-state.js';
import { sourcesFolder } from '../../sources/store.js';
import { SourceError } from '../../util/errors.js';
import { signatureOf } from '../../util/watch-files.js';
import type { DatasetSpec } from '../rbldnsd/load-zones.js';
import type { LoadedZones } from '../zone/loaded-zones.js';
import type { ZoneSource } from '../zone/zone-source.js';
import { formatName } from '../wire/name.js';
import { configuredAccess } from '../access/configured-access.js';
import { accessOf, checkZones, transferClients } from './check-zones.js';
import { countryZone } from './country-zone.js';
import { listZone } from './list-zone.js';
import { datasetZone, parseDatasets } from './dataset-zone.js';
import { hideSecrets, secretLines } from './hide-secrets.js';
import { KeptCountries } from '../../sources/kept-countries.js';
import { KeptLines } from '../../lists/kept-lines.js';
import { originZone } from './origin-zone.js';
import { Serials } from './serials.js';
import { type ZoneTime, zoneHead } from './zone-head.js';

/**
 * What zones are made from: the text of a configuration rather than its file, so that what is
 * half edited there changes nothing before the file is read anew on purpose.
 */
export interface ConfiguredZones {
  readonly text: string;
  /** Where the text was read; relative paths start there. */
  readonly file: string | undefined;
  /** Statistics files in place of the state. */
  readonly from?: readonly string[];
}

/** Of the zones that were loaded so far. */
const SERIALS = new Serials();

/**
 * Makes the zones of a configuration.
 *
 * @throws KnownError where lists or countries cannot be read: then nothing of it is to be served
 */
export async function load(input: ConfiguredZones, nowMs = Date.now()): Promise<LoadedZones> {
  return makeZones(parseConfig(input.text, input.file), input, nowMs);
}

/**
 * The same of a configuration that was read already.
 *
 * @param opened the countries, where the caller has them open, with `keepStatistics`
 * @throws KnownError as `load`
 */
export async function makeZones(
  loaded: LoadedConfig,
  input: Pick<ConfiguredZones, 'from'>,
  nowMs: number,
  opened?: CountryData,
): Promise<LoadedZones> {
  const dnsbl = checkZones(loaded);
  const warnings: string[] = [];
  const { data, noCountries }: FoundCountries = opened
    ? { data: opened, ...(opened.absent !== undefined && { noCountries: opened.absent }) }
    : await openCountries(loaded, input, dnsbl, (text) => warnings.push(text));
  const readState = input.from === undefined;
  const { lists, leftOut, lines, nextStaleMs } = openLists(loaded, data.table, {
    nowMs,
    readState,
    ...(noCountries !== undefined && { noCountries }),
    instead: (name, path, { message }) => {
      const known = keptLines.of(name, path);
      if (known)
        warnings.push(`${message.replace(/[.]$/, '')}; the old content of list ${name} is served`);
      return known;
    },
  });
  keptLines.keep(lines);
  warnings.push(...[...lists.values()].flatMap((list) => list.faults.map(faultText)));
  for (const [name, why] of leftOut) warnings.push(`list ${name} is left out: ${why}`);
  warnings.push(...secretWarnings(loaded, lines));
  if (readState) warnings.push(...feedWarnings(feedStates(loaded), nowMs));
  const watch = watchedPaths(loaded, input);
  const times = new Times(loaded, dnsbl, data, lists, watch, nowMs);
  warnings.push(...times.warnings);
  const secrets = new ZoneSecrets(loaded.config);
  const made = dnsbl.zones.map((zone) => {
    const time = times.of(zone);
    if (noCountries !== undefined && (zone.kind === 'country' || zone.kind === 'origin')) {
      return { ...zoneHead(zone, time), answers: [], groups: [], failed: noCountries };
    }
    if (zone.kind !== 'rbldnsd') {
      const source = makeZone(zone, zone.kind, lists, data, time, nowMs);
      // what countries and origins tell comes from registries alone
      return zone.kind === 'list' ? hideSecrets(source, secrets).zone : source;
    }
    const specs = datasetsOf(zone, loaded);
    const read = datasetZone(zone, specs, time, nowMs);
    warnings.push(...read.warnings);
    const told = hideSecrets(read.zone, secrets);
    if (told.hasHidden) warnings.push(...secretLines(specs, secrets));
    return told.zone;
  });
  const zones = made.map((zone) =>
    SERIALS.apply(`${loaded.file ?? ''} ${formatName(zone.name)}`, zone),
  );
  const nextMs = Math.min(times.nextChangeAtMs ?? Infinity, nextStaleMs ?? Infinity);
  const { named, isOpen } = accessOf(loaded, dnsbl);
  // a secondary asks for the serial before it transfers
  const mayAsk = unionOf([named, transferClients(loaded, dnsbl)]);
  const access = configuredAccess(mayAsk, isOpen);
  return { zones, access, warnings, watch, ...(nextMs !== Infinity && { nextChangeAtMs: nextMs }) };
}

function makeZone(
  zone: ZoneConfig,
  kind: Exclude<ZoneConfig['kind'], 'rbldnsd'>,
  lists: ReadonlyMap<string, List>,
  data: CountryData,
  time: ZoneTime,
  nowMs: number,
): ZoneSource {
  switch (kind) {
    case 'list':
      return listZone(zone, lists, time, nowMs);
    case 'country':
      return keptZone(zone, data, time, () => countryZone(zone, data.table, time));
    case 'origin':
      return keptZone(zone, data, time, () => originZone(zone, data, time));
  }
}

function datasetsOf(zone: ZoneConfig, { resolvePath }: LoadedConfig): readonly DatasetSpec[] {
  const specs = parseDatasets(zone.datasets, resolvePath);
  if ('index' in specs) throw new Error('a dataset was not checked');
  return specs;
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

/** Countries, or why there are none. */
interface FoundCountries {
  readonly data: CountryData;
  readonly noCountries?: string;
}

/** Without any data, what is made by hand is served all the same: that is most often why it runs. */
async function openCountries(
  loaded: LoadedConfig,
  input: Pick<ConfiguredZones, 'from'>,
  dnsbl: DnsblConfig,
  tell: (warning: string) => void,
): Promise<FoundCountries> {
  if (!needsCountries(loaded.config)) return { data: NO_COUNTRIES };
  try {
    return { data: await openData(loaded, input, dnsbl, tell) };
  } catch (error) {
    // files that somebody named have to be there
    if (!(error instanceof SourceError) || input.from) throw error;
    return { data: NO_COUNTRIES, noCountries: `there is no registry data: ${error.message}` };
  }
}

const kept = new KeptCountries();
const keptLines = new KeptLines();

async function openData(
  loaded: LoadedConfig,
  input: Pick<ConfiguredZones, 'from'>,
  dnsbl: DnsblConfig,
  tell: (warning: string) => void,
): Promise<CountryData> {
  const { from } = input;
  const options = { keepStatistics: dnsbl.zones.some(({ kind }) => kind === 'origin') };
  const how = JSON.stringify([options, loaded.config.sources]);
  const open = (): CountryData | Promise<CountryData> =>
    from ? openFiles([...from], options) : openState(loaded, options);
  return kept.get(countryPaths(loaded, input), how, open, tell);
}

/** Files and folders that countries are read from. */
function countryPaths(
  loaded: LoadedConfig,
  { from }: Pick<ConfiguredZones, 'from'>,
): readonly string[] {
  const { config, resolvePath } = loaded;
  if (from) return from;
  if (config.sources.csv.length > 0) return config.sources.csv.map(resolvePath);
  return [sourcesFolder(resolvePath(config.state))];
}

function watchedPaths(loaded: LoadedConfig, input: Pick<ConfiguredZones, 'from'>): string[] {
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
  return [...paths, ...countryPaths(loaded, input)];
}

/** When zones changed last, will change next, and go stale. */
class Times {
  readonly warnings: string[] = [];
  readonly nextChangeAtMs: number | undefined;
  readonly #config: LoadedConfig['config'];
  readonly #changedAtMs: number;
  readonly #staleAtMs: number | undefined;
  readonly #servesStale: boolean;

  constructor(
    { config, file: configFile }: LoadedConfig,
    dnsbl: DnsblConfig,
    data: CountryData,
    lists: ReadonlyMap<string, List>,
    watched: readonly string[],
    nowMs: number,
  ) {
    this.#config = config;
    const ends = [...lists.values()].flatMap(({ entries }) =>
      entries.flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs])),
    );
    const past = ends.filter((end) => end <= nowMs);
    const files = configFile === undefined ? watched : [...watched, configFile];
    const changes = [...files.map(changedAt), ...past];
    this.#changedAtMs = changes.reduce((latest, time) => Math.max(latest, time), 0);
    this.#staleAtMs = data.timeMs === undefined ? undefined : data.timeMs + dnsbl.max_age;
    // at the time when the data becomes stale, another load says so
    const future = [...ends, this.#staleAtMs ?? 0].filter((end) => end > nowMs);
    this.nextChangeAtMs =
      future.length > 0 ? future.reduce((first, end) => Math.min(first, end)) : undefined;
    this.#servesStale = dnsbl.stale === 'serve';
    if (this.#staleAtMs === undefined || this.#staleAtMs > nowMs) return;
    const since = new Date(data.timeMs ?? 0).toISOString().slice(0, 10);
    const what = this.#servesStale
      ? 'its zones are served all the same'
      : 'its zones answer SERVFAIL';
    this.warnings.push(`the registry data is of ${since}, older than dnsbl.max_age; ${what}`);
  }

  of(zone: ZoneConfig): ZoneTime {
    const changedAtMs = this.#changedAtMs;
    if (this.#servesStale || this.#staleAtMs === undefined || !this.#hasCountries(zone)) {
      return { changedAtMs };
    }
    return { changedAtMs, expiresAtMs: this.#staleAtMs };
  }

  #hasCountries(zone: ZoneConfig): boolean {
    if (zone.kind !== 'list') return zone.kind !== 'rbldnsd';
    const names = [...Object.keys(zone.lists), ...zone.allow];
    return names.some((name) => holdsCountries(name, this.#config.lists));
  }
}

/** Whether a list depends on countries, however indirectly; definitions are free of circles. */
function holdsCountries(
  name: string,
  definitions: Readonly<Record<string, ListDefinition>>,
): boolean {
  const definition = definitions[name];
  if (definition === undefined) return false;
  if (definition.countries !== undefined) return true;
  return neighboursOf(definition).some((other) => holdsCountries(other, definitions));
}

/** Time of the inode: an older file that is moved into place counts as a change, too. */
function changedAt(path: string): number {
  return Math.max(0, signatureOf(path).changedMs);
}
