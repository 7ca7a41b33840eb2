import { parseConfig } from '../../config/load.js';
import type { LoadedConfig } from '../../config/load.js';
import { ZoneSecrets } from '../../config/zone-secrets.js';
import { unionOf } from '../../ip/address-set.js';
import { faultText } from '../../lists/catalogue.js';
import { feedStates, feedWarnings } from '../../lists/feeds/times.js';
import { openLists } from '../../lists/open-lists.js';
import { secretWarnings } from '../../lists/secret-reasons.js';
import type { CountryData } from '../../sources/country-data.js';
import type { LoadedZones } from '../zone/loaded-zones.js';
import { formatName } from '../wire/name.js';
import { configuredAccess } from '../access/configured-access.js';
import { accessOf, checkZones, transferClients } from './check-zones.js';
import { KeptLines } from '../../lists/kept-lines.js';
import { failedZone, makeZone } from './make-zone.js';
import { type FoundCountries, listsTellingCountry, openCountries } from './open-countries.js';
import { Serials } from './serials.js';
import { watchedPaths } from './watched-paths.js';
import { ZoneTimes } from './zone-times.js';

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
/** A file that cannot be read may become readable without a change of its own. */
const RETRY_MS = 60_000;
const keptLines = new KeptLines();

/**
 * Makes the zones of a configuration.
 *
 * @throws UsageError for a wrong configuration, other KnownErrors where countries cannot be read that
 *   are needed: then nothing of it is to be served
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
    : await openCountries(loaded, input.from, (text) => warnings.push(text));
  const readState = input.from === undefined;
  const { lists, leftOut, broken, lines, nextStaleMs } = openLists(loaded, data.table, {
    nowMs,
    readState,
    leavesOutBroken: true,
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
  const errors: string[] = [];
  for (const [name, why] of leftOut) {
    (broken.has(name) ? errors : warnings).push(`list ${name} is left out: ${why}`);
  }
  if (noCountries !== undefined) {
    const lacking = [...listsTellingCountry(loaded)].filter((name) => lists.has(name));
    const names = lacking.join(', ');
    if (names !== '') warnings.push(`$cc in texts of list ${names} is empty: ${noCountries}`);
  }
  warnings.push(...secretWarnings(loaded, lines));
  if (readState) warnings.push(...feedWarnings(feedStates(loaded), nowMs));
  const watch = watchedPaths(loaded, input.from);
  const times = new ZoneTimes(loaded, dnsbl, data, lists, watch, nowMs);
  warnings.push(...times.warnings);
  const making = {
    loaded,
    lists,
    broken,
    data,
    secrets: new ZoneSecrets(loaded.config),
    nowMs,
  };
  const made = dnsbl.zones.map((zone) =>
    noCountries !== undefined && times.failsWithoutCountries(zone)
      ? failedZone(zone, times.of(zone), noCountries)
      : makeZone(zone, times.of(zone), making, (text) => warnings.push(text)),
  );
  const zones = made.map((zone) =>
    SERIALS.apply(`${loaded.file ?? ''} ${formatName(zone.name)}`, zone),
  );
  const retryMs = broken.size > 0 ? nowMs + RETRY_MS : Infinity;
  const nextMs = Math.min(times.nextChangeAtMs ?? Infinity, nextStaleMs ?? Infinity, retryMs);
  const { named, isOpen } = accessOf(loaded, dnsbl);
  // a secondary asks for the serial before it transfers
  const mayAsk = unionOf([named, transferClients(loaded, dnsbl)]);
  const access = configuredAccess(mayAsk, isOpen);
  return {
    zones,
    access,
    errors,
    warnings,
    watch,
    ...(nextMs !== Infinity && { nextChangeAtMs: nextMs }),
  };
}
