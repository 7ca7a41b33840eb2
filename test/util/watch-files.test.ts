import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { FileWatch } from '../../src/util/watch-files.js';
import { cleanUp, temporaryFolder } from '../helpers/cleanup.js';

function watching(pollMs?: number): { watch: FileWatch; count: () => number } {
  let count = 0;
  const watch = new FileWatch(() => count++, pollMs);
  cleanUp(() => {
    watch.stop();
  });
  return { watch, count: () => count };
}

/** A file that has not changed for a while, and is watched. */
async function watchingFile() {
  const folder = await temporaryFolder();
  const file = join(folder, 'list');
  writeFileSync(file, 'a\n');
  await sleep(50);
  const { watch, count } = watching();
  watch.watch([file], Date.now());
  return { folder, file, watch, count };
}

test('appended to, replaced, removed, and there again', async () => {
  const { folder, file, count } = await watchingFile();
  await sleep(300);
  expect(count()).toBe(0);
  const works = [
    () => {
      appendFileSync(file, 'b\n');
    },
    () => {
      writeFileSync(join(folder, 'new'), 'c\n');
      renameSync(join(folder, 'new'), file);
    },
    () => {
      rmSync(file);
    },
    () => {
      writeFileSync(file, 'd\n');
    },
  ];
  for (const [k, work] of works.entries()) {
    work();
    await expect.poll(count, { timeout: 1000 }).toBe(k + 1);
    await sleep(150);
    expect(count()).toBe(k + 1);
  }
  // others in the same folder are nobody's business
  writeFileSync(join(folder, 'other'), 'x');
  await sleep(300);
  expect(count()).toBe(works.length);
});

test('a folder, and a file in it that is written to', async () => {
  const folder = join(await temporaryFolder(), 'lists');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a'), 'a');
  await sleep(50);
  const { watch, count } = watching();
  watch.watch([folder], Date.now());
  appendFileSync(join(folder, 'a'), 'b');
  await expect.poll(count, { timeout: 1000 }).toBe(1);
});

test('what changed while it was read is told of at once', async () => {
  const file = join(await temporaryFolder(), 'list');
  const began = Date.now();
  writeFileSync(file, 'a\n');
  const { watch, count } = watching();
  watch.watch([file], began);
  await expect.poll(count, { timeout: 1000 }).toBe(1);
});

test('a folder that comes later is looked for', async () => {
  const folder = join(await temporaryFolder(), 'later');
  const file = join(folder, 'list');
  const { watch, count } = watching(100);
  watch.watch([file], Date.now());
  mkdirSync(folder);
  writeFileSync(file, 'a\n');
  await expect.poll(count, { timeout: 2000 }).toBe(1);
});

test('many changes are few', async () => {
  const file = join(await temporaryFolder(), 'list');
  writeFileSync(file, '');
  await sleep(50);
  const { watch, count } = watching();
  watch.watch([file], Date.now());
  for (let k = 0; k < 60; k++) {
    appendFileSync(file, 'x');
    await sleep(20);
  }
  await sleep(300);
  expect(count()).toBeGreaterThanOrEqual(1);
  expect(count()).toBeLessThanOrEqual(6);
});

test('a file behind a symbolic link, and another link in its place', async () => {
  const folder = await temporaryFolder();
  const [link, real] = [join(folder, 'etc', 'list'), join(folder, 'kept', 'real')];
  mkdirSync(join(folder, 'etc'));
  mkdirSync(join(folder, 'kept'));
  writeFileSync(real, 'a\n');
  symlinkSync(real, link);
  await sleep(50);
  const { watch, count } = watching(60_000);
  watch.watch([link], Date.now());
  await sleep(150);
  appendFileSync(real, 'b\n');
  await expect.poll(count, { timeout: 1000 }).toBe(1);
  writeFileSync(join(folder, 'kept', 'new'), 'c\n');
  renameSync(join(folder, 'kept', 'new'), real);
  await expect.poll(count, { timeout: 1000 }).toBe(2);
  // a circle cannot be looked at, which ends nobody
  symlinkSync('circle', join(folder, 'etc', 'circle'));
  renameSync(join(folder, 'etc', 'circle'), link);
  symlinkSync('list', join(folder, 'etc', 'circle'));
  await expect.poll(count, { timeout: 1000 }).toBe(3);
  watch.watch([link], Date.now());
  await sleep(150);
  const before = count();
  rmSync(link);
  writeFileSync(link, 'd\n');
  await expect.poll(count, { timeout: 1000 }).toBe(before + 1);
});

test('what changed before everything is read anyway is not told of, what changes then is', async () => {
  const { folder, file, watch, count } = await watchingFile();
  const replace = (text: string): void => {
    writeFileSync(join(folder, 'new'), text);
    renameSync(join(folder, 'new'), file);
  };
  for (const pauseMs of [0, 5, 50]) {
    replace('b\n');
    await sleep(pauseMs);
    await watch.rest();
    const sinceMs = Date.now();
    await sleep(150);
    watch.watch([file], sinceMs);
    await sleep(150);
    expect(count(), `read ${pauseMs} ms after the change`).toBe(0);
  }
  await watch.rest();
  const sinceMs = Date.now();
  replace('c\n');
  watch.watch([file], sinceMs);
  await expect.poll(count, { timeout: 1000 }).toBe(1);
});

test('a file in folders that are yet to come', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'state/feeds/list');
  const { watch, count } = watching(60_000);
  watch.watch([file], Date.now());
  mkdirSync(join(folder, 'state/feeds'), { recursive: true });
  writeFileSync(file, 'a\n');
  await expect.poll(count, { timeout: 1000 }).toBe(1);
  rmSync(file);
  await expect.poll(count, { timeout: 1000 }).toBe(2);
});
