import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeEach, describe, expect, test, vi } from 'vitest';

import { findProgram, requireProgram } from '../../src/util/programs.js';
import { tryLock } from '../../src/linux/file-lock.js';
import { lockHeldText, takeLock } from '../../src/util/lock.js';
import { cleanUp, temporaryFolder } from '../helpers/cleanup.js';

let folder: string;
const LOCK_MODULE = fileURLToPath(new URL('../../dist/util/lock.js', import.meta.url));

beforeEach(async () => {
  folder = join(await temporaryFolder(), 'state');
});

/** Another process that holds the lock until it is killed, with a child that outlives it. */
async function startHolder(): Promise<{
  pid: number;
  kill(signal: NodeJS.Signals): Promise<void>;
}> {
  const script = `
    import { spawn } from 'node:child_process';
    import { takeLock } from ${JSON.stringify(LOCK_MODULE)};
    const { lock } = await takeLock(${JSON.stringify(folder)}, { command: 'sekisho update' });
    if (!lock) throw new Error('held');
    const child = spawn('sleep', ['20'], { stdio: 'ignore' });
    process.stdout.write(child.pid + '\\n');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = (await once(holder.stdout, 'data')) as [Buffer];
  const child = Number(output.toString());
  cleanUp(() => process.kill(child, 'SIGKILL'));
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (holder.exitCode !== null || holder.signalCode !== null) return;
    const exit = once(holder, 'exit');
    holder.kill(signal);
    await exit;
  };
  cleanUp(() => kill('SIGKILL'));
  return { pid: holder.pid ?? 0, kill };
}

test('is the same one by the system call and by flock(1)', async () => {
  const byCall = await takeLock(folder, { command: 'by call', tryLock });
  expect(await takeLock(folder, { command: 'by program' })).toMatchObject({
    lock: undefined,
    holder: { command: 'by call' },
  });
  expect((await takeLock(folder, { command: 'by call too', tryLock })).lock).toBeUndefined();
  const waiting = takeLock(folder, { command: 'waiting', tryLock, waitMs: 10_000 });
  byCall.lock?.release();
  const byProgram = await waiting;
  expect(byProgram.lock).toBeDefined();
  expect(await takeLock(folder, { command: 'by call', tryLock })).toMatchObject({
    lock: undefined,
    holder: { command: 'waiting' },
  });
  byProgram.lock?.release();
});

test('falls to flock(1) where the call cannot be made', async () => {
  const first = await takeLock(folder, { command: 'first', tryLock: () => undefined });
  expect(first.lock).toBeDefined();
  expect((await takeLock(folder, { command: 'second', tryLock })).lock).toBeUndefined();
  first.lock?.release();
});

test('is taken, refused to a second, and free after its release', async () => {
  const first = await takeLock(folder, { command: 'first' });
  const second = await takeLock(folder, { command: 'second' });
  expect(first.lock).toBeDefined();
  expect(second).toMatchObject({ lock: undefined, holder: { pid: process.pid, command: 'first' } });
  first.lock?.release();
  first.lock?.release();
  const third = await takeLock(folder, { command: 'third' });
  expect(third.lock).toBeDefined();
  expect(fs.readFileSync(join(folder, 'lock'), 'utf8')).toMatch(/"command":"third"/);
  third.lock?.release();
  expect(fs.readFileSync(join(folder, 'lock'), 'utf8')).toBe('');
});

test('tells who holds it', () => {
  const holder = { pid: 7, command: 'sekisho update', since: '2026-06-18T04:17:00.000Z' };
  expect(lockHeldText('/state', holder)).toBe(
    'another run (sekisho update, process 7, since 2026-06-18T04:17:00.000Z) holds /state/lock; nothing done',
  );
  expect(lockHeldText('/state', undefined)).toBe('another run holds /state/lock; nothing done');
});

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'goes with a holder that dies of %s, though its child lives on',
  async (signal) => {
    const holder = await startHolder();
    const attempt = await takeLock(folder, { command: 'us' });
    expect(attempt).toMatchObject({ lock: undefined, holder: { pid: holder.pid } });
    await holder.kill(signal);
    const { lock } = await takeLock(folder, { command: 'us' });
    expect(lock).toBeDefined();
    lock?.release();
  },
);

describe('waiting', () => {
  test('ends when the lock is free', async () => {
    const first = await takeLock(folder, { command: 'first' });
    setTimeout(() => first.lock?.release(), 150);
    const started = performance.now();
    const second = await takeLock(folder, { command: 'second', waitMs: 10_000 });
    expect(second.lock).toBeDefined();
    expect(performance.now() - started).toBeGreaterThan(100);
    second.lock?.release();
  });

  test('ends when its time is over', async () => {
    const first = await takeLock(folder, { command: 'first' });
    const second = await takeLock(folder, { command: 'second', waitMs: 100 });
    expect(second).toMatchObject({ lock: undefined, holder: { command: 'first' } });
    first.lock?.release();
  });
});

test('a lock file with anything in it is a lock file', async () => {
  fs.mkdirSync(folder);
  fs.writeFileSync(join(folder, 'lock'), 'noise '.repeat(999));
  const { lock } = await takeLock(folder, { command: 'us' });
  expect(lock).toBeDefined();
  lock?.release();
});

test('a folder that cannot be made is an error for the user', async () => {
  await expect(takeLock('/dev/null/state', { command: 'us' })).rejects.toThrow(
    'cannot make the folder /dev/null/state: a part of the path is no folder',
  );
});

describe('programs', () => {
  test('are looked for in PATH, then where system programs are', () => {
    expect(findProgram('sh', '/nonexistent:/usr/bin:/bin')).toMatch(/^(\/usr)?\/bin\/sh$/);
    expect(findProgram('sh', '')).toBeUndefined();
    expect(findProgram('sh', '.:bin')).toBeUndefined();
    expect(findProgram('ldconfig', '/usr/bin:/bin')).toMatch(/sbin\/ldconfig$/);
  });

  test('that are missing are named, with what to install', async () => {
    expect(() => requireProgram('no-such-program', 'the Debian package x')).toThrow(
      'the program no-such-program was not found in PATH, /usr/sbin or /sbin; install the Debian package x',
    );
    vi.stubEnv('PATH', '/nonexistent');
    const attempt = takeLock(folder, { command: 'us' });
    await expect(attempt).rejects.toThrow(/^the program flock was not found/);
    vi.unstubAllEnvs();
  });
});
