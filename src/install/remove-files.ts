import fs from 'node:fs';
import { join } from 'node:path';

import { codeOf } from '../util/errors.js';
import { systemErrorOf } from '../util/system-error.js';
import { isOneOf, lookAt } from './look.js';
import { RECORD_FILE } from './places.js';
import type { InstallRecord } from './record.js';

/** What became of a path: `left` was changed by somebody. */
export interface Removed {
  readonly path: string;
  readonly outcome: 'removed' | 'left';
}

/**
 * Takes away what was recorded as written: files that nobody has changed, then folders that were
 * made and are empty now, then the record.
 *
 * @param prefix folder below which everything was put
 */
export function removeFiles(prefix: string, record: InstallRecord): readonly Removed[] {
  const removed = Object.entries(record.files).flatMap(([path, hashes]): Removed[] => {
    const at = join(prefix, path);
    const found = lookAt(at);
    if (found === 'nothing') return [];
    if (!isOneOf(found, hashes)) return [{ path, outcome: 'left' }];
    attempt(at, () => {
      fs.rmSync(at);
    });
    return [{ path, outcome: 'removed' }];
  });
  const recordPath = join(prefix, RECORD_FILE);
  attempt(recordPath, () => {
    fs.rmSync(recordPath);
  });
  for (const folder of [...record.folders].sort().reverse()) removeIfEmpty(join(prefix, folder));
  return removed;
}

/** Files of which a removal would not find what was written. */
export function changedFiles(prefix: string, record: InstallRecord): string[] {
  return Object.entries(record.files).flatMap(([path, hashes]) => {
    const found = lookAt(join(prefix, path));
    return found === 'nothing' || isOneOf(found, hashes) ? [] : [path];
  });
}

/**
 * Takes away the state folder with all that is in it, where `install` made it and nothing that
 * was installed is in it. A folder that was there before may hold what is others'.
 *
 * @returns whether that was done
 */
export function removeState(prefix: string, { state, folders, files }: InstallRecord): boolean {
  const holds = [...Object.keys(files), RECORD_FILE].some((path) => path.startsWith(`${state}/`));
  if (!folders.includes(state) || holds) return false;
  const at = join(prefix, state);
  attempt(at, () => {
    fs.rmSync(at, { recursive: true, force: true });
  });
  return true;
}

function removeIfEmpty(path: string): void {
  attempt(path, () => {
    try {
      fs.rmdirSync(path);
    } catch (error) {
      // a link to a folder, gone already, or with files that are others'
      if (!['ENOTEMPTY', 'ENOENT', 'ENOTDIR', 'EEXIST', 'EBUSY'].includes(codeOf(error) ?? '')) {
        throw error;
      }
    }
  });
}

function attempt(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw systemErrorOf(error, 'cannot remove', path);
  }
}
