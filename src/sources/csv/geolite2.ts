import { parseRange } from '../../ip/notation.js';
import type { CountryCollector } from './country-collector.js';
import { readRows } from './read-rows.js';

/** Headers by which MaxMind's two kinds of files are told apart. */
export const LOCATIONS_HEADER = 'geoname_id,locale_code,';
export const BLOCKS_HEADER = 'network,geoname_id,';

/** Country codes by geoname id. */
export type Locations = ReadonlyMap<string, string>;

/**
 * Reads a GeoLite2 locations file (GeoLite2-Country-Locations-en.csv,
 * https://dev.maxmind.com/geoip/docs/databases/city-and-country/).
 */
export async function readLocations(path: string): Promise<Locations> {
  const locations = new Map<string, string>();
  let columns: { id: number; cc: number } | undefined;
  await readRows(path, (row) => {
    if (columns === undefined) {
      columns = { id: row.indexOf('geoname_id'), cc: row.indexOf('country_iso_code') };
      if (columns.id < 0 || columns.cc < 0) {
        return { expected: 'a header with geoname_id and country_iso_code' };
      }
      return undefined;
    }
    const cc = row[columns.cc] ?? '';
    if (cc !== '' && !/^[A-Z]{2}$/.test(cc)) {
      return { expected: 'a country_iso_code of two capital letters, or none' };
    }
    locations.set(row[columns.id] ?? '', cc);
    return undefined;
  });
  return locations;
}

/**
 * Reads a GeoLite2 blocks file (GeoLite2-Country-Blocks-IPv4.csv or -IPv6.csv). Where a
 * network has no place of its own, the country of its registration counts.
 */
export async function readBlocks(
  path: string,
  locations: Locations,
  collector: CountryCollector,
): Promise<void> {
  let columns: { network: number; place: number; registered: number } | undefined;
  await readRows(path, (row) => {
    if (columns === undefined) {
      columns = {
        network: row.indexOf('network'),
        place: row.indexOf('geoname_id'),
        registered: row.indexOf('registered_country_geoname_id'),
      };
      return Math.min(...Object.values(columns)) < 0
        ? { expected: 'a header with network, geoname_id and registered_country_geoname_id' }
        : undefined;
    }
    const range = parseRange(row[columns.network] ?? '');
    if ('expected' in range) return range;
    const place = row[columns.place] ?? '';
    const id = place === '' ? (row[columns.registered] ?? '') : place;
    if (id === '') return undefined;
    const cc = locations.get(id);
    if (cc === undefined) return { expected: `geoname_id ${id} in the locations file` };
    if (cc !== '') collector.add(cc, range);
    return undefined;
  });
}
