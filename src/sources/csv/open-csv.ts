import { closeSync, openSync, readSync } from 'node:fs';
import { gunzipSync, constants } from 'node:zlib';

import { SourceError, UsageError, messageOf } from '../../util/errors.js';
import { reasonOf } from '../../util/system-error.js';
import type { CountryData } from '../country-data.js';
import { CountryCollector } from './country-collector.js';
import { BLOCKS_HEADER, LOCATIONS_HEADER, readBlocks, readLocations } from './geolite2.js';
import { readRangesCsv } from './ranges-csv.js';

/** What the licences of known databases ask to be shown with results. */
const ATTRIBUTIONS = {
  ranges: 'IP Geolocation by DB-IP (https://db-ip.com), CC BY 4.0',
  geolite2: 'This product includes GeoLite2 data created by MaxMind (https://www.maxmind.com)',
} as const;

/**
 * Opens country CSV files: `first,last,cc` (DB-IP Lite), or GeoLite2 blocks with their
 * locations file. The first line tells which.
 *
 * @throws ParseError for a line that cannot be read, UsageError where the locations are missing
 */
export async function openCsvFiles(paths: readonly string[]): Promise<CountryData> {
  const firstLines = paths.map((path) => ({ path, line: firstLineOf(path) }));
  const startingWith = (header: string): string[] =>
    firstLines.filter(({ line }) => line.startsWith(header)).map(({ path }) => path);
  const locationFiles = startingWith(LOCATIONS_HEADER);
  const blockFiles = startingWith(BLOCKS_HEADER);
  const rangeFiles = paths.filter(
    (path) => !locationFiles.includes(path) && !blockFiles.includes(path),
  );
  const collector = new CountryCollector();
  const [locationFile] = locationFiles;
  if (blockFiles.length > 0) {
    if (locationFile === undefined) {
      throw new UsageError(
        `${blockFiles[0] ?? ''}: expected a GeoLite2-Country-Locations-….csv file beside it`,
      );
    }
    const locations = await readLocations(locationFile);
    for (const path of blockFiles) await readBlocks(path, locations, collector);
  }
  for (const path of rangeFiles) await readRangesCsv(path, collector);
  const table = collector.table();
  if (table.size === 0) throw new SourceError(`${paths.join(', ')}: found no network in it`);
  const attribution = [
    ...(rangeFiles.length > 0 ? [ATTRIBUTIONS.ranges] : []),
    ...(blockFiles.length > 0 ? [ATTRIBUTIONS.geolite2] : []),
  ];
  return { table, origins: paths, attribution, notes: [], missing: [], statistics: [] };
}

/** The beginning of a file's first line, for telling formats apart. */
function firstLineOf(path: string): string {
  let bytes = startOf(path, 4096);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
    } catch (error) {
      throw new SourceError(`${path}: found a gzip file that does not unpack: ${messageOf(error)}`);
    }
  }
  return (
    bytes
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .split('\n', 1)[0] ?? ''
  );
}

function startOf(path: string, size: number): Buffer {
  const start = Buffer.alloc(size);
  try {
    const file = openSync(path, 'r');
    try {
      return start.subarray(0, readSync(file, start, 0, size, 0));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new SourceError(`${path}: cannot be read: ${reasonOf(error)}`);
  }
}
