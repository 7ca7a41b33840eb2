import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { CountryData } from '../../sources/country-data.js';

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
   */
  async get(
    paths: readonly string[],
    how: string,
    open: () => CountryData | Promise<CountryData>,
  ): Promise<CountryData> {
    const key = JSON.stringify([how, paths.map(stampsOf)]);
    if (this.#kept?.key === key) return this.#kept.data;
    this.#kept = undefined;
    const data = await open();
    // a file that was replaced meanwhile is read again by the next load
    this.#kept = { key, data };
    return data;
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
