import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { nativeObstacle, loadNative } from './native.js';

/** Set for the process that stays, so that it does not start another. */
const MARK = 'SEKISHO_IN_BACKGROUND';
const READY = 'ready';
/** What was said before it was ready is passed on for so long at most. */
const DRAIN_MS = 500;

/**
 * Starts this program with its arguments once more, in a session of its own (a process of Node
 * cannot fork), and waits until it says {@link reportReady}. What it writes to standard error
 * until then is passed on.
 *
 * @param keepsOutput whether it goes on to write to our standard output
 * @returns whether it runs on; it has told why not
 */
export async function startInBackground(keepsOutput: boolean): Promise<boolean> {
  const [, script = ''] = process.argv;
  const child = spawn(process.execPath, [...process.execArgv, script, ...process.argv.slice(2)], {
    detached: true,
    env: { ...process.env, [MARK]: '1' },
    stdio: ['ignore', keepsOutput ? 'inherit' : 'ignore', 'pipe', 'ipc'],
  });
  const errors = child.stderr as NonNullable<typeof child.stderr>;
  errors.on('data', (text: Buffer) => process.stderr.write(text));
  const saidAll = once(errors, 'end');
  const isReady = await Promise.race([
    once(child, 'message').then(([word]) => word === READY),
    once(child, 'exit').then(() => false),
  ]);
  await Promise.race([saidAll, sleep(DRAIN_MS, undefined, { ref: false })]);
  child.unref();
  errors.destroy();
  return isReady;
}

/** Whether this is the process that {@link startInBackground} started. */
export function isInBackground(): boolean {
  return process.env[MARK] !== undefined && process.send !== undefined;
}

/** Where standard error goes once nobody reads it; opened before a root folder without it. */
let nowhere: number | undefined;

/** For a process that changes its root folder before it is ready. */
export function holdBackground(): void {
  nowhere ??= fs.openSync('/dev/null', 'w');
}

/** Lets the process that waits end with success, and leaves its terminal. */
export function reportReady(): void {
  Reflect.deleteProperty(process.env, MARK);
  leaveStandardError();
  if (!process.connected) return; // the one that waited was ended
  process.send?.(READY, undefined, undefined, () => {
    if (process.connected) process.disconnect();
  });
}

/** dup2(2): in one step, since other threads open files meanwhile. */
function leaveStandardError(): void {
  if (nativeObstacle() !== undefined) return; // it is a pipe that nobody reads from then on
  holdBackground();
  loadNative().declare('int dup2(int from, int to)')(nowhere as number, process.stderr.fd);
}
