import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { CountryData } from './country-data.js';
import { KnownError } from '../util/errors.js';

interface Kept {
  readonly key: string;
  readonly data: CountryData;
}

/**
 * Keeps countries between two loads: after a change of a manual list the registries' files, which
 * take far longer to read, are mostly what they were.
 */
export class KeptCountries {
  #kept: Kept | undefined;

  /**
   * @param paths files and folders that the countries are read from
   * @param how whatever else `open` depends on
   * @param tell is told why the old countries are given, where the files cannot be read now
   * @throws whatever `open` throws, where there are no old ones
   */
  async get(
    paths: readonly string[],
    how: string,
    open: () => CountryData | Promise<CountryData>,
    tell: (warning: string) => void,
  ): Promise<CountryData> {
    const key = JSON.stringify([how, paths.map(stampsOf)]);
    if (this.#kept?.key === key) return this.#kept.data;
    try {
      // a file that was replaced meanwhile is read again by the next load
      this.#kept = { key, data: await open() };
    } catch (error) {
      if (!(error instanceof KnownError) || this.#kept === undefined) throw error;
      tell(`${error.message}; the countries of the last load are served`);
    }
    return this.#kept.data;
  }
}

/** What changes whenever a file does (or, of a folder, one in it). */
function stampsOf(path: string): readonly unknown[] {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (stat === undefined) return [path];
  const own = [path, ...[stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].map(String)];
  if (!stat.isDirectory()) return own;
  return [
    ...own,
    ...readdirSync(path)
      .sort()
      .map((name) => stampsOf(join(path, name))),
  ];
}
