import fs from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import {
  countryCachePath,
  markFiles,
  readCountryCache,
  writeCountryCache,
} from '../../src/sources/country-cache.js';
import { openStatisticsFiles } from '../../src/sources/open-files.js';
import { prepareStore, storedPath } from '../../src/sources/store.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { statisticsText } from '../helpers/statistics-text.js';

async function keptState() {
  const state = join(await temporaryFolder(), 'state');
  prepareStore(state);
  const path = storedPath(state, 'apnic');
  fs.writeFileSync(path, statisticsText());
  const marks = markFiles([path]);
  const data = openStatisticsFiles([path], { keepStatistics: false });
  writeCountryCache(state, marks, data);
  return { state, path, data };
}

describe('countries kept of the stored files', () => {
  test('are those of the files', async () => {
    const { state, path, data } = await keptState();
    const kept = readCountryCache(state, [path]);
    expect(kept).toEqual(data);
    expect(kept?.table.get('KR')?.addresses.v6.length).toBe(1);
  });

  test('are not believed where any byte is another, or missing', async () => {
    const { state, path } = await keptState();
    const file = countryCachePath(state);
    const good = fs.readFileSync(file);
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad.writeUInt8(good.readUInt8(at) ^ 1, at);
      fs.writeFileSync(file, bad);
      expect(readCountryCache(state, [path]), `byte ${at}`).toBeUndefined();
    }
    for (let length = 0; length < good.length; length++) {
      fs.writeFileSync(file, good.subarray(0, length));
      expect(readCountryCache(state, [path]), `${length} bytes`).toBeUndefined();
    }
    fs.writeFileSync(file, good);
    expect(readCountryCache(state, [path])).toBeDefined();
  });

  test('are not those of a file that was replaced or written to, or of other files', async () => {
    const { state, path } = await keptState();
    expect(readCountryCache(state, [path, path])).toBeUndefined();
    const { atime, mtime } = fs.statSync(path);
    const text = fs.readFileSync(path);
    fs.writeFileSync(path, text);
    fs.utimesSync(path, atime, mtime); // as if nothing had been
    expect(readCountryCache(state, [path])).toBeUndefined();
  });
});
