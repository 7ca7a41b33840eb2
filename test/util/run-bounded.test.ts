import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { runBounded } from '../../src/util/run-bounded.js';
import { temporaryFolder } from '../helpers/cleanup.js';

describe('a command', () => {
  test('is killed after its time, with what it started', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'pid');
    const script = `sleep 60 & echo $! > ${file}; wait`;
    const startedMs = Date.now();
    const result = await runBounded('/bin/sh', ['-c', script], { input: '', timeoutMs: 300 });
    expect(result).toMatchObject({ code: undefined, isTimedOut: true });
    expect(Date.now() - startedMs).toBeLessThan(10_000);
    const pid = Number(readFileSync(file, 'utf8'));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test('may write without end, and not read', async () => {
    const script = 'head -c 10000000 /dev/zero | tr "\\0" x';
    const input = 'y'.repeat(1_000_000);
    const result = await runBounded('/bin/sh', ['-c', script], { input, timeoutMs: 20_000 });
    expect(result).toMatchObject({ code: 0, output: 'x'.repeat(4096) });
  });

  test('one that leaves a child with its output behind is not waited for', async () => {
    const script = 'sleep 5 & echo $!';
    const startedMs = Date.now();
    const { output } = await runBounded('/bin/sh', ['-c', script], {
      input: '',
      timeoutMs: 20_000,
    });
    process.kill(Number(output));
    expect(Date.now() - startedMs).toBeLessThan(4000);
  });
});

/** Zombies of a container without init do not count. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
