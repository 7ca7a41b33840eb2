import fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { readStored } from '../../src/sources/store.js';
import { takeLock } from '../../src/util/lock.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { OWN, expectStored, fetchFrom, published } from '../helpers/fetching.js';
import { TestServer } from '../helpers/http-server.js';
import { runSekisho } from '../helpers/program.js';
import { statisticsText } from '../helpers/statistics-text.js';

const KILL = fileURLToPath(new URL('../helpers/kill-at-call.mjs', import.meta.url));
const OLD = statisticsText({ serial: '20260601' });
const NEW = statisticsText({ serial: '20260602' });

/**
 * Lock 2 + 1; file and facts write, fsync, rename, fsync of the folder: 4 each; the countries kept
 * of it 2 writes and rename.
 */
const CALLS = 14;

test.each(['', '+'])(
  'SIGKILL at every write, fsync and rename (KILL_AT=N%s): old or new file, and the next run completes',
  { timeout: 180_000 },
  async (after) => {
    const folder = await temporaryFolder();
    const state = join(folder, 'state');
    const server = await TestServer.start(published(OWN, OLD, { etag: '"old"' }));
    const sources = { registries: ['apnic'], urls: { apnic: [server.url(OWN)] } };
    const lists = { asia: { countries: ['KR'] } };
    fs.writeFileSync(
      join(folder, 'sekisho.yaml'),
      JSON.stringify({ state: 'state', sources, lists }),
    );
    const fetchAndDie = (at: string) =>
      runSekisho(['fetch'], { cwd: folder, env: { KILL_AT: at }, nodeOptions: ['--import', KILL] });
    expect(await runSekisho(['fetch'], { cwd: folder })).toMatchObject({ exitCode: 0, stderr: '' });
    fs.cpSync(state, join(folder, 'state-old'), { recursive: true });
    server.restart(published(OWN, NEW, { etag: '"new"' }));

    const found = new Set<string>();
    let at = 1;
    for (; at <= 50; at++) {
      fs.rmSync(state, { recursive: true });
      fs.cpSync(join(folder, 'state-old'), state, { recursive: true });
      const killed = await fetchAndDie(`${at}${after}`);
      const stored = readStored(state, 'apnic');
      const text = Buffer.from(stored?.bytes ?? []).toString();
      expect([OLD, NEW], `after call ${at}`).toContain(text);
      if (stored?.facts) expect(stored.facts.serial).toBe(text.split('|')[2]);
      found.add(`${text === OLD ? 'old' : 'new'} file, ${stored?.facts ? 'its' : 'not its'} facts`);
      if (killed.signal === undefined) {
        expect(killed).toMatchObject({ exitCode: 0, stderr: '' });
        break;
      }
      expect(killed.signal).toBe('SIGKILL');

      const { lock } = await takeLock(state, { command: 'the next run' });
      expect(lock, 'the lock went with its holder').toBeDefined();
      const next = await fetchFrom(server, state);
      lock?.release();
      expect(next, `the run after call ${at}`).toMatchObject({
        exitCode: 0,
        newSerial: '20260602',
      });
      expectStored(state, NEW);
    }
    expect(at - 1).toBe(CALLS);
    expectStored(state, NEW);
    expect([...found].sort()).toEqual([
      'new file, its facts',
      'new file, not its facts',
      'old file, its facts',
    ]);
  },
);
