import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

import { SystemError, codeOf, messageOf } from './errors.js';

export interface BoundedRun {
  /** Undefined where it was killed. */
  readonly code: number | undefined;
  /** The signal that ended it. */
  readonly signal: NodeJS.Signals | undefined;
  readonly isTimedOut: boolean;
  /** The beginning of what it wrote, standard output and standard error as they came. */
  readonly output: string;
}

/** What it writes beyond this is read and thrown away, so that it does not wait for a reader. */
const KEPT_BYTES = 4096;
/** For what is still in the pipes when it has ended; whoever it left behind may hold them open. */
const DRAIN_MS = 100;

/**
 * Runs a program of the user's: no shell, an array of arguments, a text on standard input. When
 * its time is over it is killed, with all that it started and that stayed in its process group.
 *
 * @param path of the program
 * @throws SystemError where it cannot be started
 */
export async function runBounded(
  path: string,
  args: readonly string[],
  { input, timeoutMs }: { readonly input: string; readonly timeoutMs: number },
): Promise<BoundedRun> {
  const child = spawn(path, args, { detached: true, stdio: 'pipe' });
  let output = Buffer.alloc(0);
  const keep = (piece: Buffer): void => {
    if (output.length < KEPT_BYTES) output = Buffer.concat([output, piece]).subarray(0, KEPT_BYTES);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  // a program that ends before it has read everything says why itself
  child.stdin.on('error', () => undefined);
  const closed = new Promise<void>((resolve) =>
    child.once('close', () => {
      resolve();
    }),
  );
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(
    (resolve, reject) => {
      child.once('error', (error) => {
        reject(new SystemError(`${path} cannot be run: ${messageOf(error)}`, { cause: error }));
      });
      child.once('exit', (code, signal) => {
        resolve({ code, signal });
      });
    },
  );
  let isTimedOut = false;
  const timer = setTimeout(() => {
    isTimedOut = true;
    killGroup(child.pid);
  }, timeoutMs);
  try {
    child.stdin.end(input);
    const { code, signal } = await ended;
    await Promise.race([closed, delay(DRAIN_MS, undefined, { ref: false })]);
    return {
      code: code ?? undefined,
      signal: signal ?? undefined,
      isTimedOut,
      output: output.toString('utf8'),
    };
  } finally {
    clearTimeout(timer);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error; // it ended just now
  }
}
