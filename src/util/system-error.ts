import { getSystemErrorMap } from 'node:util';

import { SystemError, codeOf, messageOf } from './errors.js';

/** What a system call's refusal means for the user, and what to do about it. */
const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied: run as the owner of the folder, or change its owner',
  EPERM: 'not permitted: run as the owner of the folder, or change its owner',
  ENOSPC: 'no space left on the device: make room, then run again',
  EDQUOT: 'the disk quota is used up: make room, then run again',
  EROFS: 'the file system is read-only: name another folder, or mount it for writing',
  ENOENT: 'there is no such folder: make it, or name another',
  ENOTDIR: 'a part of the path is no folder: name another path',
  EISDIR: 'it is a folder: name a file',
  EEXIST: 'a file of that name is in the way: name another path',
  ELOOP: 'its symbolic links lead in a circle',
  EMFILE: 'too many open files: raise the limit (ulimit -n)',
  ENFILE: 'too many open files in the whole system',
  EIO: 'the device failed (input/output error): look at the kernel log',
  ENAMETOOLONG: 'the name is too long',
  EFBIG: 'the file would be larger than allowed (ulimit -f)',
};

/**
 * Turns what a system call threw into an error for the user: what was tried, where, why it
 * failed, what to do. Everything without a system code is a defect and returned as it is.
 *
 * @param action a phrase that the path follows, as in `cannot write`
 */
export function systemErrorOf(thrown: unknown, action: string, path: string): unknown {
  if (thrown instanceof SystemError) return thrown;
  const code = codeOf(thrown);
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return thrown;
  const meaning = MEANINGS[code] ?? messageOf(thrown);
  return new SystemError(`${action} ${path}: ${meaning}`, { cause: thrown });
}

/**
 * Why a system call failed, in the system's own words without call and path, as in `no such
 * file or directory`; the message of whatever else was thrown.
 */
export function reasonOf(thrown: unknown): string {
  const errno: unknown = thrown instanceof Error && 'errno' in thrown ? thrown.errno : undefined;
  // zlib numbers its errors (Z_DATA_ERROR), too
  const isSystem = typeof errno === 'number' && codeOf(thrown)?.startsWith('E') === true;
  const words = isSystem ? getSystemErrorMap().get(errno)?.[1] : undefined;
  return words ?? messageOf(thrown);
}
