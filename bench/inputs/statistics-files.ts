import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { SHARED_DATA } from '../paths.js';
import { syntheticStatistics } from './synthetic-statistics.js';

/** Files, and a word on what they are for the table. */
export interface Input {
  readonly paths: readonly string[];
  readonly origin: string;
}

const MB = 1e6;

/** The newest file of each registry that there is; undefined where one of them is missing. */
export function newestRealFiles(): Input | undefined {
  const names = [
    'apnic-20260618',
    'afrinic-20260130',
    'lacnic-20260129',
    'ripencc-20140630',
    'arin-20130813',
  ];
  const paths = realPaths(names);
  const origin =
    'the five registries (AFRINIC, APNIC and LACNIC of 2026, RIPE NCC of 2014, ARIN of 2013)';
  return paths && { paths, origin };
}

function realFilesOf2013(): Input | undefined {
  const names = ['apnic-20130813', 'arin-20130813', 'lacnic-20130812', 'ripencc-20130812'];
  const paths = realPaths(names);
  return paths && { paths, origin: 'APNIC, ARIN, LACNIC and RIPE NCC, 2013-08' };
}

function realPaths(names: readonly string[]): readonly string[] | undefined {
  const paths = names.map((name) => `${SHARED_DATA}delegated-${name}`);
  return paths.every((path) => existsSync(path)) ? paths : undefined;
}

/** The four files of August 2013, or synthetic ones of their sizes written into `folder`. */
export function filesOf2013(folder: string): Input {
  const real = realFilesOf2013();
  if (real) return real;
  const sizes = { apnic: 1.5 * MB, arin: 3.3 * MB, lacnic: 0.6 * MB, ripencc: 4 * MB };
  const paths = writeSynthetic(folder, sizes, false);
  return { paths, origin: 'synthetic files (no ../shared/data)' };
}

/** Five extended files as long as the registries' were in 2026. */
export function filesOfToday(folder: string): Input {
  const sizes = {
    apnic: 8 * MB,
    arin: 14 * MB,
    lacnic: 6 * MB,
    ripencc: 20 * MB,
    afrinic: 1 * MB,
  };
  return { paths: writeSynthetic(folder, sizes, true), origin: 'synthetic extended files' };
}

/** The bytes of one file for the scanner: a real one where it is there, else a synthetic one. */
export function bytesToScan(
  name: string,
  extended: boolean,
): { readonly bytes: Buffer; readonly origin: string } {
  const path = `${SHARED_DATA}${name}`;
  if (existsSync(path)) return { bytes: readFileSync(path), origin: name };
  const options = { registry: 'apnic', place: 0, bytes: 4 * MB, extended };
  return {
    bytes: Buffer.from(syntheticStatistics(options)),
    origin: `synthetic, ${extended ? 'extended' : 'plain'} (no ../shared/data)`,
  };
}

/**
 * The same header and, behind it, the same records again and again, until `bytes` are full to the
 * line: records that repeat cost a scanner what others do.
 */
export function repeatedTo(file: Buffer, bytes: number): Buffer {
  const records = recordsOf(file);
  const headerEnd = file.length - records.length;
  const times = Math.ceil((bytes - headerEnd) / records.length);
  const long = Buffer.concat([file.subarray(0, headerEnd), ...Array<Buffer>(times).fill(records)]);
  return long.subarray(0, long.lastIndexOf('\n', bytes) + 1);
}

/** What stands behind the comments, the header and the summary lines. */
export function recordsOf(file: Buffer): Buffer {
  const lastSummary = '|summary\n';
  return file.subarray(file.lastIndexOf(lastSummary) + lastSummary.length);
}

function writeSynthetic(
  folder: string,
  sizes: Readonly<Record<string, number>>,
  extended: boolean,
): string[] {
  return Object.entries(sizes).map(([registry, bytes], place) => {
    const path = join(folder, `delegated-${registry}-synthetic`);
    writeFileSync(path, syntheticStatistics({ registry, place, bytes, extended }));
    return path;
  });
}
