import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { makeFolder, writeFileAtomically } from '../util/atomic-file.js';
import type { FirewallFolder } from './generations.js';

/** How far a watch is: it runs; it has the prior rules in its memory. */
export type WatchStep = 'waiting' | 'kept';

const NAME = /^watch-\d+$/;
const LOOK_MS = 20;

const fileOf = ({ path }: FirewallFolder, deadlineMs: number): string =>
  join(path, `watch-${deadlineMs}`);

/** What a watch writes, so that the apply that started it knows that somebody will roll back. */
export function writeWatchMark(folder: FirewallFolder, deadlineMs: number, step: WatchStep): void {
  makeFolder(folder.path);
  writeFileAtomically(fileOf(folder, deadlineMs), [`${step}\n`], { fsync: false });
}

/** To be called when the watch ends. */
export function removeWatchMark(folder: FirewallFolder, deadlineMs: number): void {
  rmSync(fileOf(folder, deadlineMs), { force: true });
}

/** Removes the marks of all watches: one confirmation is waited for at a time. */
export function clearWatchMarks({ path }: FirewallFolder): void {
  for (const name of existsSync(path) ? readdirSync(path) : []) {
    if (NAME.test(name)) rmSync(join(path, name), { force: true });
  }
}

/** Waits until the watch of a deadline has come so far; false where the time is over. */
export async function awaitWatch(
  folder: FirewallFolder,
  deadlineMs: number,
  step: WatchStep,
  timeoutMs: number,
): Promise<boolean> {
  const file = fileOf(folder, deadlineMs);
  for (const endMs = Date.now() + timeoutMs; ;) {
    if (existsSync(file) && [step, 'kept'].includes(readFileSync(file, 'utf8').trim())) return true;
    if (Date.now() >= endMs) return false;
    await sleep(LOOK_MS);
  }
}
