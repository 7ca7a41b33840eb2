import fs from 'node:fs';
import { endianness } from 'node:os';
import { basename, join } from 'node:path';

import { RangeSet } from '../ip/range-set.js';
import type { Family } from '../ip/family.js';
import { writeFileAtomically } from '../util/atomic-file.js';
import { codeOf } from '../util/errors.js';
import { systemErrorOf } from '../util/system-error.js';
import type { CountryData } from './country-data.js';
import type { Holdings } from './country-table.js';
import { sha256Of, sourcesFolder } from './store.js';

/*
 * The countries of the stored statistics files, divided already, so that not every command has
 * to scan tens of megabytes. First a line with the version of the format and the SHA-256 of all
 * behind it; then a line of JSON, filled up with spaces so that what follows begins at a
 * multiple of four bytes: the columns of each country, numbers of 32 bits as this machine has
 * them.
 */

const VERSION = `sekisho-countries 1 ${endianness()}`;
const NEWLINE = 0x0a;

/** All that tells one state of a file from another without reading it. */
type FileMark = readonly [
  name: string,
  size: string,
  modified: string,
  changed: string,
  inode: string,
];

type Kept = Pick<CountryData, 'origins' | 'attribution' | 'notes' | 'missing'> & {
  readonly timeMs?: number | undefined;
};

interface Index extends Kept {
  readonly files: readonly FileMark[];
  /** Code, records and ranges of IPv4, records and ranges of IPv6. */
  readonly countries: readonly (readonly [string, number, number, number, number])[];
}

/** Where the countries of a state folder's files are kept. */
export function countryCachePath(state: string): string {
  return join(sourcesFolder(state), 'countries.cache');
}

/** Size, times and inode of the files, to be taken before they are read. */
export function markFiles(paths: readonly string[]): FileMark[] {
  return paths.map((path) => {
    const { size, mtimeNs, ctimeNs, ino } = lookAt(path);
    return [basename(path), String(size), String(mtimeNs), String(ctimeNs), String(ino)];
  });
}

/**
 * The countries that were kept of exactly these files, without single records; undefined where
 * none were, where a file has changed since, and where the cache is damaged.
 *
 * @throws SystemError where the system refuses to read
 */
export function readCountryCache(state: string, paths: readonly string[]): CountryData | undefined {
  const content = readIfThere(countryCachePath(state));
  if (content === undefined) return undefined;
  const found = unpack(content);
  if (found === undefined) return undefined;
  const { index, columns } = found;
  if (JSON.stringify(index.files) !== JSON.stringify(markFiles(paths))) return undefined;
  const table = new Map<string, Holdings>();
  let at = 0;
  const take = (family: Family, ranges: number): RangeSet => {
    const words = ranges * (family === 4 ? 1 : 4);
    const firsts = columns.subarray(at, at + words);
    const lasts = columns.subarray(at + words, (at += 2 * words));
    return new RangeSet(family, firsts, lasts);
  };
  for (const [cc, records4, ranges4, records6, ranges6] of index.countries) {
    const addresses = { v4: take(4, ranges4), v6: take(6, ranges6) };
    table.set(cc, { cc, addresses, records4, records6 });
  }
  const { origins, attribution, notes, missing, timeMs } = index;
  const time = timeMs === undefined ? {} : { timeMs };
  return { table, origins, attribution, notes, missing, ...time, statistics: [] };
}

/**
 * Keeps what was read from files. Only for who holds the lock of the state folder.
 *
 * @param files as `markFiles` told before the files were read
 * @throws SystemError where the system refuses
 */
export function writeCountryCache(
  state: string,
  files: readonly FileMark[],
  { table, origins, attribution, notes, missing, timeMs }: CountryData,
): void {
  const countries = [...table.values()];
  const index: Index = {
    files,
    ...{ origins, attribution, notes, missing, timeMs },
    countries: countries.map(({ cc, addresses: { v4, v6 }, records4, records6 }) => [
      ...([cc, records4, v4.length, records6, v6.length] as const),
    ]),
  };
  const text = JSON.stringify(index);
  const head = VERSION.length + 66;
  const fill = ' '.repeat((4 - ((head + Buffer.byteLength(text) + 1) % 4)) % 4);
  const columns = countries.flatMap(({ addresses: { v4, v6 } }) =>
    [v4.firsts, v4.lasts, v6.firsts, v6.lasts].map(
      ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
    ),
  );
  const content = Buffer.concat([Buffer.from(`${text}${fill}\n`), ...columns]);
  const first = `${VERSION} ${sha256Of(content)}\n`;
  writeFileAtomically(countryCachePath(state), [first, content]);
}

/** Undefined where a single byte is not as it was written. */
function unpack(content: Buffer): { index: Index; columns: Uint32Array } | undefined {
  const firstEnd = content.indexOf(NEWLINE);
  const rest = content.subarray(firstEnd + 1);
  const first = content.toString('latin1', 0, Math.max(firstEnd, 0));
  if (first !== `${VERSION} ${sha256Of(rest)}`) return undefined;
  const indexEnd = rest.indexOf(NEWLINE);
  const index = JSON.parse(rest.toString('utf8', 0, indexEnd)) as Index;
  const at = rest.byteOffset + indexEnd + 1;
  const words = (rest.length - indexEnd - 1) / 4;
  // a view of the file where it lies as the machine wants it, else a copy
  const columns =
    at % 4 === 0
      ? new Uint32Array(rest.buffer, at, words)
      : new Uint32Array(Uint8Array.from(rest.subarray(indexEnd + 1)).buffer);
  return { index, columns };
}

function lookAt(path: string): fs.BigIntStats {
  try {
    return fs.statSync(path, { bigint: true });
  } catch (error) {
    throw systemErrorOf(error, 'cannot read', path);
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return fs.readFileSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw systemErrorOf(error, 'cannot read', path);
  }
}
