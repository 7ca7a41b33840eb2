import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Part } from '../../src/daemon/part.js';
import { PartKeeper } from '../../src/daemon/part-keeper.js';
import { SystemError } from '../../src/util/errors.js';

/** A part that dies when it is told to, and may refuse to start. */
class Mortal implements Part {
  readonly name = 'mortal';
  starts = 0;
  refuses = false;
  die: (error: unknown) => void = () => undefined;

  start(died: (error: unknown) => void): Promise<void> {
    this.starts++;
    this.die = died;
    return this.refuses ? Promise.reject(new SystemError('no port')) : Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  snapshot(): unknown {
    return { starts: this.starts };
  }
}

let part: Mortal;
let lines: string[];
let keeper: PartKeeper;

/** How long it waits until it starts the part that just died. */
async function waitOf(death: () => void): Promise<string | undefined> {
  lines.length = 0;
  death();
  await vi.advanceTimersByTimeAsync(0);
  return /in (\d+) s/.exec(lines.join())?.[1];
}

beforeEach(async () => {
  vi.useFakeTimers();
  part = new Mortal();
  lines = [];
  keeper = new PartKeeper(
    part,
    (_, text) => lines.push(text),
    () => Date.now(),
  );
  await keeper.start();
});

afterEach(() => {
  vi.useRealTimers();
});

test('a part that dies is started again, after waits that double up to a minute', async () => {
  for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
    expect(await waitOf(() => part.die(new Error('ended')))).toBe(String(seconds));
    expect(keeper.snapshot().state).toBe('failed');
    await vi.advanceTimersByTimeAsync(seconds * 1000);
    expect(keeper.snapshot()).toMatchObject({ state: 'running', lastFault: 'ended' });
  }
  expect(part.starts).toBe(9);
  expect(keeper.snapshot().restarts).toBe(8);
});

test('one that lived for ten minutes is started again at once', async () => {
  for (const seconds of [1, 2, 4]) {
    await waitOf(() => part.die(new Error('ended')));
    await vi.advanceTimersByTimeAsync(seconds * 1000);
  }
  await vi.advanceTimersByTimeAsync(599_000);
  expect(await waitOf(() => part.die(new Error('ended')))).toBe('8');
  await vi.advanceTimersByTimeAsync(8000 + 600_000);
  expect(await waitOf(() => part.die(new Error('ended')))).toBe('1');
});

test('time in which it could not start is no life', async () => {
  part.refuses = true;
  expect(await waitOf(() => part.die(new Error('ended')))).toBe('1');
  await vi.advanceTimersByTimeAsync(20 * 60_000);
  expect(lines.at(-1)).toBe('mortal failed, and is started again in 60 s: no port');
});

test('one that is stopped is not started again', async () => {
  await waitOf(() => part.die(new Error('ended')));
  await keeper.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(part.starts).toBe(1);
});
