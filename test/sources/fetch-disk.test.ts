import fs from 'node:fs';
import { join } from 'node:path';

import { afterEach, describe, expect, test, vi } from 'vitest';

import { cleanUp, temporaryFolder } from '../helpers/cleanup.js';
import { OWN, expectStored, fetchFrom, published } from '../helpers/fetching.js';
import { TestServer } from '../helpers/http-server.js';
import { systemTest } from '../helpers/programs.js';
import { runSekisho } from '../helpers/program.js';
import { run } from '../helpers/run.js';
import { RECORDS, statisticsText } from '../helpers/statistics-text.js';

const OLD = statisticsText({ serial: '20260601' });
/** 40 KB: more than the small disk below has. */
const LARGE = statisticsText({
  serial: '20260602',
  records: [
    ...RECORDS,
    ...Array.from({ length: 1000 }, (_, k) => ({
      cc: 'US',
      start: `9.${k >> 8}.${k & 255}.0`,
      value: 256,
    })),
  ],
});

afterEach(() => {
  vi.restoreAllMocks();
});

type Call = 'openSync' | 'writeSync' | 'fsyncSync' | 'renameSync';

describe('the system refuses', () => {
  const CASES: [string, Call, number, string][] = [
    ['ENOSPC', 'writeSync', 1, 'no space left on the device: make room, then run again'],
    ['ENOSPC', 'writeSync', 2, 'no space left on the device: make room, then run again'],
    ['EDQUOT', 'fsyncSync', 1, 'the disk quota is used up: make room, then run again'],
    ['EIO', 'fsyncSync', 3, 'the device failed (input/output error): look at the kernel log'],
    [
      'EROFS',
      'openSync',
      1,
      'the file system is read-only: name another folder, or mount it for writing',
    ],
    [
      'EACCES',
      'renameSync',
      1,
      'permission denied: run as the owner of the folder, or change its owner',
    ],
  ];
  test.each(CASES)('%s at %s %i', async (code, name, nth, meaning) => {
    const state = await temporaryFolder();
    const server = await TestServer.start(published(OWN, OLD));
    await fetchFrom(server, state);
    server.restart(published(OWN, LARGE));
    const real: (...args: never[]) => unknown = fs[name];
    let calls = 0;
    vi.spyOn(fs, name).mockImplementation((...args: unknown[]) => {
      // readFileSync opens too, by the same function
      const counts = name !== 'openSync' || args[1] === 'wx';
      if (counts && ++calls === nth) throw Object.assign(new Error(`${code}: injected`), { code });
      return real(...(args as never[]));
    });
    const result = await fetchFrom(server, state);
    vi.restoreAllMocks();
    expect(result).toMatchObject({ outcome: 'failed', exitCode: 3 });
    // the file is replaced by the first of everything, its facts by the second
    const path = join(state, 'sources', nth > 1 ? 'delegated-apnic.json' : 'delegated-apnic');
    expect(result.message).toBe(`cannot write ${path}: ${meaning}`);
    if (nth === 1) expectStored(state, OLD);
    const again = await fetchFrom(server, state);
    expect(again.outcome).toBe(nth === 1 ? 'updated' : 'unchanged');
    expectStored(state, LARGE);
  });
});

systemTest('the disk is full', ['root', 'namespace', 'unshare', 'mount'], async () => {
  const folder = await temporaryFolder();
  const server = await TestServer.start(published(OWN, OLD));
  const sources = { registries: ['apnic'], urls: { apnic: [server.url(OWN)] } };
  fs.writeFileSync(join(folder, 'sekisho.yaml'), JSON.stringify({ state: 'state', sources }));
  expect(await runSekisho(['fetch'], { cwd: folder })).toMatchObject({ exitCode: 0, stderr: '' });
  server.restart(published(OWN, LARGE));

  // a disk of 7 pages that nobody else sees: in a mount namespace, which ends with the run
  const script = `
    set -e
    mount -t tmpfs -o size=28k tmpfs "$1/disk"
    cp -R "$1/state/." "$1/disk"
    mount --bind "$1/disk" "$1/state"
    code=0; "$2" "$3" fetch || code=$?
    cp -R "$1/state/." "$1/after"
    exit "$code"`;
  for (const name of ['disk', 'after']) fs.mkdirSync(join(folder, name));
  cleanUp(() => fs.rmSync(join(folder, 'after'), { recursive: true, force: true }));
  const main = new URL('../../dist/main.cjs', import.meta.url).pathname;
  const result = await run(
    'unshare',
    ['--mount', 'sh', '-c', script, 'sh', folder, process.execPath, main],
    { cwd: folder },
  );
  expect(result.stderr).toBe(
    `sekisho: apnic failed: cannot write ${folder}/state/sources/delegated-apnic: no space left on ` +
      'the device: make room, then run again; the file of 20260601 stays\n',
  );
  expect(result.code).toBe(3);
  expectStored(join(folder, 'after'), OLD);
});
