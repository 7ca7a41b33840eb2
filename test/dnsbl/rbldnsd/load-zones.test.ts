import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { once } from 'node:events';

import { expect, test } from 'vitest';

import {
  type LoadResult,
  type LoadSettings,
  loadZones,
} from '../../../src/dnsbl/rbldnsd/load-zones.js';
import { READ_DEFAULTS } from '../../../src/dnsbl/rbldnsd/set-reader.js';
import { parseName } from '../../../src/dnsbl/wire/name.js';
import { temporaryFolder } from '../../helpers/cleanup.js';
import { NOW_MS } from './read.js';

const NAME = parseName('bl.test') as Uint8Array;
const SETTINGS: LoadSettings = { ...READ_DEFAULTS, nowMs: NOW_MS, decompress: true };

async function folderWith(files: Record<string, string | Uint8Array>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

function load(path: string, settings = SETTINGS): LoadResult {
  return loadZones({
    zones: [{ name: NAME, datasets: [{ type: 'ip4set', files: [path] }] }],
    settings,
  });
}

test('gzip is read, unless -C', async () => {
  const folder = await folderWith({
    zipped: gzipSync('1.1.1.1\n'),
    broken: gzipSync('x').fill(7, 12),
  });
  const path = join(folder, 'zipped');
  expect(load(path).zones[0]?.zone?.answers).toHaveLength(1);
  expect(load(path, { ...SETTINGS, decompress: false }).zones[0]?.failure).toMatch(/-C/);
  expect(load(join(folder, 'broken')).zones[0]?.failure).toMatch(
    /cannot be decompressed: invalid distance/,
  );
});

test('a file that cannot be read is a failure of its zone, and nothing is thrown', async () => {
  const folder = await folderWith({ good: '1.1.1.1\n' });
  expect(load(join(folder, 'none')).zones[0]?.failure).toMatch(/none: no such file/);
  expect(load(folder).zones[0]?.failure).toMatch(/directory/);
  const result = loadZones({
    zones: [
      {
        name: NAME,
        datasets: [{ type: 'ip4set', files: [join(folder, 'good')] }],
        acl: { type: 'acl', files: [join(folder, 'none')] },
      },
    ],
    settings: SETTINGS,
  });
  expect(result.zones[0]?.zone).toBeUndefined();
  expect(result.datasets.map(({ entryCount }) => entryCount)).toEqual([1, 0]);
});

test('a dataset of two zones is read once, and its columns are shared with other threads', async () => {
  const folder = await folderWith({ list: '1.1.1.1\n1.1.1.3 bad:\n:0\n' });
  const datasets = [{ type: 'ip4set' as const, files: [join(folder, 'list')] }];
  const result = loadZones({
    zones: [
      { name: NAME, datasets },
      { name: parseName('two.test') as Uint8Array, datasets },
    ],
    settings: SETTINGS,
  });
  expect(result.datasets).toMatchObject([{ entryCount: 2, warningCount: 1 }]);
  const [one, two] = result.zones.map(({ zone }) => zone?.groups[0]?.branches[0]?.addresses[0]);
  expect(one?.firsts).toBe(two?.firsts);
  const worker = new Worker(
    "const { parentPort } = require('worker_threads');" +
      "parentPort.once('message', ({ firsts }) => { firsts[0] = 7; parentPort.postMessage(0); });",
    { eval: true },
  );
  worker.postMessage(one);
  await once(worker, 'message');
  await worker.terminate();
  expect(one?.firsts[0]).toBe(7);
});
