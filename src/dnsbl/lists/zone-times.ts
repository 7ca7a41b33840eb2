import type { LoadedConfig } from '../../config/load.js';
import type { DnsblConfig, ZoneConfig } from '../../config/schema.js';
import type { List } from '../../lists/catalogue.js';
import { zoneNeedsCountries, zonesNeedCountries } from '../../lists/in-use.js';
import type { CountryData } from '../../sources/country-data.js';
import { signatureOf } from '../../util/watch-files.js';
import type { ZoneTime } from './zone-head.js';

/** When zones changed last, will change next, and go stale. */
export class ZoneTimes {
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
    const timeMs = zonesNeedCountries(config) ? data.timeMs : undefined;
    this.#staleAtMs = timeMs === undefined ? undefined : timeMs + dnsbl.max_age;
    // at the time when the data becomes stale, another load says so
    const future = [...ends, this.#staleAtMs ?? 0].filter((end) => end > nowMs);
    this.nextChangeAtMs =
      future.length > 0 ? future.reduce((first, end) => Math.min(first, end)) : undefined;
    this.#servesStale = dnsbl.stale === 'serve';
    if (this.#staleAtMs === undefined || this.#staleAtMs > nowMs) return;
    const since = new Date(timeMs ?? 0).toISOString().slice(0, 10);
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

  /** Whether a zone has nothing to say where there is no registry data: it is older than any. */
  failsWithoutCountries(zone: ZoneConfig): boolean {
    if (zone.kind === 'country' || zone.kind === 'origin') return true;
    return !this.#servesStale && this.#hasCountries(zone);
  }

  #hasCountries(zone: ZoneConfig): boolean {
    return zoneNeedsCountries(zone, this.#config.lists);
  }
}

/** Time of the inode: an older file that is moved into place counts as a change, too. */
function changedAt(path: string): number {
  return Math.max(0, signatureOf(path).changedMs);
}
