import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { SystemError, codeOf } from './errors.js';
import { systemErrorOf } from './system-error.js';

export interface AtomicFileOptions {
  /** Whether file and folder are brought to the disk before this returns; default no. */
  readonly fsync?: boolean;
  /** Permission bits of a file that is new (an existing one keeps its own); default 0o644. */
  readonly mode?: number;
}

/** Text is collected up to this many characters before it is written. */
const BLOCK = 2 ** 16;

/** `.NAME.PID-RANDOM.tmp`: hidden, beside its target, and telling whose it is. */
const TEMPORARY = /^\..+\.(\d+)-([0-9a-f]{12})\.tmp$/;

/** Temporary files that this process is writing: with a process id used again, the id alone does not tell. */
const ownTags = new Set<string>();
const tidied = new Set<string>();

/**
 * Writes a file whole or not at all: a temporary file in the same folder, then rename(2).
 * Whoever reads the path finds the old content or the new one, never a part. A symbolic link
 * is followed, and mode (and, for root, owner) of an existing file are kept.
 *
 * Synchronous on purpose: nothing of this process can come between write and rename, and
 * for hundreds of small files it is several times faster than the thread pool.
 *
 * @param pieces text (written as UTF-8) or bytes, in order
 * @throws SystemError where the system refuses; the temporary file is gone then, and the
 *   target as it was. Whatever `pieces` throws passes through, with the same promise.
 */
export function writeFileAtomically(
  path: string,
  pieces: Iterable<string | Uint8Array>,
  options: AtomicFileOptions = {},
): void {
  const { fsync = false, mode = 0o644 } = options;
  const target = followLink(path);
  const folder = dirname(target);
  if (!tidied.has(folder)) {
    removeLeftovers(folder);
    tidied.add(folder);
  }
  const tag = randomBytes(6).toString('hex');
  const temporary = temporaryBeside(target, tag);
  ownTags.add(tag);
  try {
    const old = statTarget(target);
    attempt(path, () => {
      const file = fs.openSync(temporary, 'wx', 0o600);
      try {
        // not by open's mode, which the umask cuts
        fs.fchmodSync(file, old === undefined ? mode : old.mode & 0o777);
        if (old !== undefined && process.getuid?.() === 0) fs.fchownSync(file, old.uid, old.gid);
        for (const block of blocksOf(pieces)) writeAll(file, block);
        if (fsync) fs.fsyncSync(file);
      } finally {
        fs.closeSync(file);
      }
      fs.renameSync(temporary, target);
      if (fsync) syncFolder(folder);
    });
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  } finally {
    ownTags.delete(tag);
  }
}

/**
 * Makes a path another name of a file that is whole and on the disk already, and is never
 * changed in place. Whoever reads the path finds the old content or the new one. Where the file
 * system has no second names, the file is copied.
 *
 * @throws SystemError where the system refuses; the path is as it was then
 */
export function linkFileAtomically(from: string, path: string): void {
  const temporary = temporaryBeside(path);
  try {
    fs.linkSync(from, temporary);
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error) ?? '')) throw systemErrorOf(error, 'cannot write', path);
    writeFileAtomically(path, [fs.readFileSync(from)], { fsync: true });
    return;
  }
  try {
    attempt(path, () => fs.renameSync(temporary, path));
  } finally {
    // rename(2) leaves both names where they are one file already
    fs.rmSync(temporary, { force: true });
  }
}

/** What link(2) says where there are no links, or too many. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK', 'EXDEV']);

function temporaryBeside(path: string, tag = randomBytes(6).toString('hex')): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${tag}.tmp`);
}

/**
 * Removes temporary files that a killed run of this program left in a folder. Those of runs
 * that are alive stay. Called for each folder at the first write to it.
 */
export function removeLeftovers(folder: string): void {
  attempt(folder, () => {
    for (const name of fs.readdirSync(folder)) {
      const [, pid, tag] = TEMPORARY.exec(name) ?? [];
      if (pid === undefined || tag === undefined) continue;
      const inUse = Number(pid) === process.pid ? ownTags.has(tag) : isAlive(Number(pid));
      if (!inUse) fs.rmSync(join(folder, name), { force: true });
    }
  });
}

/**
 * Makes a folder and what is missing above it, readable by all (0755) whatever the umask.
 * Folders that are there stay as they are.
 *
 * @throws SystemError where the system refuses
 */
export function makeFolder(path: string): void {
  const work = (): void => {
    const last = resolve(path);
    const first = fs.mkdirSync(last, { recursive: true });
    if (first === undefined) return; // it was there
    for (let folder = last; folder.length >= first.length; folder = dirname(folder)) {
      fs.chmodSync(folder, 0o755);
    }
  };
  attempt(path, work, 'cannot make the folder');
}

function attempt(path: string, work: () => void, action = 'cannot write'): void {
  try {
    work();
  } catch (error) {
    throw systemErrorOf(error, action, path);
  }
}

/** The file that a symbolic link stands for, so that the link stays a link. */
function followLink(path: string): string {
  try {
    // a look first: to resolve the path of each of hundreds of new files takes several times as long
    const stats = fs.lstatSync(path, { throwIfNoEntry: false });
    return stats?.isSymbolicLink() ? fs.realpathSync(path) : path;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return path; // a link to nothing, which is replaced
    throw systemErrorOf(error, 'cannot write', path);
  }
}

function statTarget(target: string): fs.Stats | undefined {
  const stats = fs.statSync(target, { throwIfNoEntry: false });
  if (stats !== undefined && !stats.isFile()) {
    const kind = stats.isDirectory() ? 'a folder' : 'no regular file';
    throw new SystemError(`cannot write ${target}: it is ${kind}; name a file`);
  }
  return stats;
}

function* blocksOf(pieces: Iterable<string | Uint8Array>): Generator<Uint8Array> {
  let text = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      text += piece;
      if (text.length < BLOCK) continue;
    }
    if (text !== '') yield Buffer.from(text);
    text = '';
    if (typeof piece !== 'string') yield piece;
  }
  if (text !== '') yield Buffer.from(text);
}

function writeAll(file: number, block: Uint8Array): void {
  for (let at = 0; at < block.length;) at += fs.writeSync(file, block, at, block.length - at);
}

/** A rename is on the disk only when the folder is. */
export function syncFolder(folder: string): void {
  const handle = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH'; // EPERM: it is there, and somebody else's
  }
}
