import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { REGISTRY_NAMES } from '../config/registry-names.js';
import { SourceError, UsageError, messageOf } from '../util/errors.js';
import { reasonOf } from '../util/system-error.js';
import type { CountryData, OpenStatistics } from './country-data.js';
import { countryTableOf } from './country-table.js';
import { damageText, findDamage } from './statistics/check.js';
import { type StatisticsFile, scanStatistics } from './statistics/scan.js';

/** Larger than any file of a registry unpacks to; a gzip bomb ends here. */
const MAX_UNPACKED_BYTES = 256 * 2 ** 20;

/** Names that a folder may hold beside statistics files are passed over. */
const STATISTICS_NAME = /^delegated-.*(?<!\.md5|\.asc|\.json|\.html)$/;
const CSV_NAME = /\.csv(\.gz)?$/i;

export interface OpenOptions {
  /**
   * Whether the text and records of statistics files stay in memory, for `findRecord`; default
   * yes. Whoever only wants the countries saves tens of megabytes without.
   */
  readonly keepStatistics?: boolean;
  /** Whether a state without any file has no countries, rather than being an error. */
  readonly mayLack?: boolean;
}

/**
 * Opens files named on the command line: statistics files, plain or gzip, folders of them, or
 * country CSV files. Offline: the state is neither read nor written, so nothing is compared
 * with an earlier file; each has to be whole and plausible in itself.
 *
 * @throws UsageError where a path is missing or the kinds are mixed; SourceError where a file is
 *   damaged
 */
export async function openFiles(
  paths: readonly string[],
  options: OpenOptions = {},
): Promise<CountryData> {
  const files = paths.flatMap(filesOf);
  const kinds = new Map(files.map((path) => [path, kindOf(path)]));
  const csv = files.filter((path) => kinds.get(path) !== 'statistics');
  if (csv.length === 0) return openStatisticsFiles(files, options);
  if (csv.length < files.length) {
    throw new UsageError(
      `${files.find((path) => kinds.get(path) === 'statistics') ?? ''} is a statistics file and ` +
        `${csv[0] ?? ''} is a CSV file; give files of one kind`,
    );
  }
  const { openCsvFiles } = await import('./csv/open-csv.js');
  return openCsvFiles(csv);
}

function filesOf(path: string): string[] {
  if (!lookAt(path, () => statSync(path)).isDirectory()) return [path];
  const names = lookAt(path, () => readdirSync(path)).sort();
  const statistics = names.filter((name) => STATISTICS_NAME.test(name));
  const chosen = statistics.length > 0 ? statistics : names.filter((name) => CSV_NAME.test(name));
  const files = chosen
    .map((name) => join(path, name))
    .filter((file) => lookAt(file, () => statSync(file)).isFile());
  if (files.length > 0) return files;
  throw new UsageError(`${path}: found no delegated-… or .csv file in this folder`);
}

function lookAt<T>(path: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw new UsageError(`${path}: ${reasonOf(error)}; expected a file or folder that can be read`);
  }
}

function kindOf(path: string): 'statistics' | 'csv' {
  return CSV_NAME.test(path) ? 'csv' : 'statistics';
}

/** Reads and judges statistics files; of two of one registry the newer counts. */
export function openStatisticsFiles(
  paths: readonly string[],
  { keepStatistics = true }: OpenOptions = {},
): CountryData {
  const opened = paths.map((path) => openStatistics(path, keepStatistics));
  const newest = new Map<string, Judged>();
  const notes: string[] = [];
  for (const candidate of opened) {
    const other = newest.get(candidate.registry);
    if (other === undefined) {
      newest.set(candidate.registry, candidate);
      continue;
    }
    const [kept, passed] =
      candidate.serialTimeMs > other.serialTimeMs ? [candidate, other] : [other, candidate];
    notes.push(`${passed.path}: passed over, ${kept.path} of ${kept.registry} is not older`);
    newest.set(candidate.registry, kept);
  }
  const statistics = [...newest.values()];
  for (const { path, file } of statistics) {
    const { unknownStatuses: count } = file;
    if (count > 0) {
      notes.push(`${path}: ${count} records have an unknown status and count for no country`);
    }
  }
  return {
    table: countryTableOf(statistics.map(({ file }) => file)),
    origins: statistics.map(
      ({ registry, serial, file }) => `${registry} ${serial} (${file.edition})`,
    ),
    timeMs: Math.max(...statistics.map(({ serialTimeMs }) => serialTimeMs)),
    attribution: [],
    notes,
    missing: REGISTRY_NAMES.filter((name) => !newest.has(name)),
    statistics: statistics.flatMap(({ open }) => open ?? []),
  };
}

interface Judged {
  readonly path: string;
  readonly file: StatisticsFile;
  /** The file with its text, where that is kept. */
  readonly open: OpenStatistics | undefined;
  readonly registry: string;
  readonly serial: string;
  readonly serialTimeMs: number;
}

function openStatistics(path: string, keep: boolean): Judged {
  const bytes = readPlainOrGzip(path);
  const file = scanStatistics(bytes);
  const damage = findDamage(file, REGISTRY_NAMES);
  if (damage) throw new SourceError(`${damageText(path, damage)}. The file is refused.`);
  const { registry, serial, serialTimeMs } = file.header ?? {
    registry: '',
    serial: '',
    serialTimeMs: 0,
  };
  const open = keep ? { path, bytes, file } : undefined;
  return { path, file, open, registry, serial, serialTimeMs };
}

/** Reads a file into memory, unpacked where it begins with gzip's magic number. */
function readPlainOrGzip(path: string): Uint8Array {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new SourceError(`${path}: cannot be read: ${reasonOf(error)}`);
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (error) {
    throw new SourceError(`${path}: found a gzip file that does not unpack: ${messageOf(error)}`);
  }
}
