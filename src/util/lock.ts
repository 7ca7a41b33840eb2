import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

import { SystemError, codeOf } from './errors.js';
import { makeFolder } from './atomic-file.js';
import { requireProgram } from './programs.js';
import { systemErrorOf } from './system-error.js';

/** Who holds a lock, as that run wrote it down: for messages only, the kernel decides. */
export interface LockHolder {
  readonly pid: number;
  /** What it runs, as `sekisho update`. */
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** A lock that was taken, or who has it (undefined where that run did not say yet). */
export type LockAttempt =
  | { readonly lock: Lock; readonly abandonedBy?: LockHolder }
  | { readonly lock: undefined; readonly holder: LockHolder | undefined };

export interface LockOptions {
  /** What this run is, for the message that others print. */
  readonly command: string;
  /** File in the folder; default `STATE_LOCK`. */
  readonly name?: string;
  /** How long to wait for another run to end; default 0: not at all. */
  readonly waitMs?: number;
  /** Ends the wait, with a SystemError. */
  readonly signal?: AbortSignal;
  /**
   * flock(2) of an open file without waiting, where this process can call it: a start of flock(1)
   * takes longer than most of what a lock is for. Whether the lock is ours; undefined: it cannot.
   */
  readonly tryLock?: (file: number) => boolean | undefined;
}

/** Of who changes lists, kernel or the files made from them: held for moments. */
export const STATE_LOCK = 'lock';
/**
 * Of who downloads, which takes minutes where a registry is slow: nobody who blocks or confirms
 * waits for that. Taken before the other one, never while that is held.
 */
export const DOWNLOAD_LOCK = 'download.lock';
/** The status that flock(1) is told to end with where somebody else has the lock (EX_TEMPFAIL). */
const HELD = 75;
/** The number that our open lock file has in flock(1). */
const INHERITED = 3;

/** One run's hold on a state folder; also let go of by the kernel however this process ends. */
export class Lock {
  #file: number | undefined;

  constructor(file: number) {
    this.#file = file;
  }

  /** Lets go. Does nothing where that was done before. */
  release(): void {
    if (this.#file === undefined) return;
    fs.ftruncateSync(this.#file, 0);
    fs.closeSync(this.#file);
    this.#file = undefined;
  }
}

/**
 * Takes the lock of a state folder (made where it is missing), for as long as `release` is not
 * called and this process lives.
 *
 * The lock is flock(2)'s, which belongs to an open file, not to a process: where nobody here can
 * call it, or has to wait, flock(1) of util-linux is started with our open file as its descriptor
 * 3, locks that, and ends; the lock stays with us until we close the file or die. Node.js opens files close-on-exec, so no
 * program that is started later inherits it. The file itself is never removed: a new file of
 * that name would be a second lock.
 *
 * @throws SystemError where the folder cannot be written or flock(1) fails or is missing
 */
export async function takeLock(folder: string, options: LockOptions): Promise<LockAttempt> {
  makeFolder(folder);
  const path = join(folder, options.name ?? STATE_LOCK);
  const file = openLockFile(path);
  try {
    if (!(await lockFile(file, options))) {
      const holder = readHolder(file);
      fs.closeSync(file);
      return { lock: undefined, holder };
    }
    // whoever lets go takes his name away: who stands there was killed
    const abandonedBy = readHolder(file);
    const holder: LockHolder = {
      pid: process.pid,
      command: options.command,
      since: new Date().toISOString(),
    };
    writeHolder(file, holder);
    return { lock: new Lock(file), ...(abandonedBy && { abandonedBy }) };
  } catch (error) {
    fs.closeSync(file);
    if (options.signal?.aborted) throw new SystemError(`told to stop while it waited for ${path}`);
    throw systemErrorOf(error, 'cannot lock', path);
  }
}

/**
 * Who holds a lock, or was killed while he did; for who only looks.
 *
 * @param path of the lock's file
 */
export function lastHolder(path: string): LockHolder | undefined {
  let file: number;
  try {
    file = fs.openSync(path, 'r');
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes(codeOf(error) ?? '')) return undefined;
    throw systemErrorOf(error, 'cannot read', path);
  }
  try {
    return readHolder(file);
  } finally {
    fs.closeSync(file);
  }
}

/** One line for the run that finds the lock held. */
export function lockHeldText(
  folder: string,
  holder: LockHolder | undefined,
  name = STATE_LOCK,
): string {
  const who =
    holder === undefined
      ? 'another run'
      : `another run (${holder.command}, process ${holder.pid}, since ${holder.since})`;
  return `${who} holds ${join(folder, name)}; nothing done`;
}

function openLockFile(path: string): number {
  try {
    return fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
  } catch (error) {
    throw systemErrorOf(error, 'cannot lock', path);
  }
}

/** Whether the lock is ours now. */
async function lockFile(
  file: number,
  { tryLock, waitMs = 0, signal }: LockOptions,
): Promise<boolean> {
  const isOurs = tryLock?.(file);
  if (isOurs === true || (isOurs === false && waitMs === 0)) return isOurs;
  return (await runFlock(file, waitMs, signal)) !== HELD;
}

/** Runs flock(1) on our open file; resolves to 0 or HELD. */
async function runFlock(
  file: number,
  waitMs: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const program = requireProgram('flock', 'the Debian package util-linux');
  const wait = waitMs > 0 ? ['--wait', String(waitMs / 1000)] : ['--nonblock'];
  const args = [...wait, '--conflict-exit-code', String(HELD), String(INHERITED)];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', file], signal });
  let complaint = '';
  (child.stderr as Readable).setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const status = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve(code ?? signal);
    });
  });
  if (status === 0 || status === HELD) return status;
  const said = complaint.trim() || `ended with ${status ?? 'no status'}`;
  throw new SystemError(`cannot lock: ${program}: ${said}`);
}

/** On a full disk the lock holds all the same; only its holder stays unknown to others. */
function writeHolder(file: number, holder: LockHolder): void {
  try {
    fs.ftruncateSync(file, 0);
    fs.writeSync(file, `${JSON.stringify(holder)}\n`, 0);
  } catch (error) {
    if (!['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '')) throw error;
  }
}

function readHolder(file: number): LockHolder | undefined {
  const buffer = Buffer.alloc(1024);
  const length = fs.readSync(file, buffer, 0, buffer.length, 0);
  let value: unknown;
  try {
    value = JSON.parse(buffer.toString('utf8', 0, length));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // taken, and not written down yet
    throw error;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, command, since } = value as Record<string, unknown>;
  if (typeof pid !== 'number' || typeof command !== 'string' || typeof since !== 'string') {
    return undefined;
  }
  return { pid, command, since };
}
