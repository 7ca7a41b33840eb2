import type { LoadedConfig } from '../config/load.js';
import { ManualText } from '../lists/manual-text.js';
import { KnownError } from '../util/errors.js';
import { writeFileAtomically } from '../util/atomic-file.js';
import { encodeLossless } from '../util/lossless-text.js';
import { readForEdit } from './edit-list.js';

/** What was commented out, and a line for each file that could not be. */
export interface Expiry {
  readonly count: number;
  readonly faults: readonly string[];
}

/**
 * Comments out the entries of manual lists that have run out, which count nowhere since their
 * second; comments, order and bytes of the files stay. The caller holds the lock of the state.
 */
export function expireEntries({ config, resolvePath }: LoadedConfig, nowMs: number): Expiry {
  const files = Object.values(config.lists).flatMap(({ file }) =>
    file === undefined ? [] : [resolvePath(file)],
  );
  let count = 0;
  const faults: string[] = [];
  for (const path of new Set(files)) {
    try {
      count += expireIn(path, nowMs);
    } catch (error) {
      if (!(error instanceof KnownError)) throw error;
      faults.push(`entries that have run out stay uncommented: ${error.message}`);
    }
  }
  return { count, faults };
}

/** @throws SystemError where the file cannot be read or written */
function expireIn(path: string, nowMs: number): number {
  const text = new ManualText(readForEdit(path)); // whoever makes a list says that it is missing
  const count = text.expire(nowMs);
  if (count > 0) writeFileAtomically(path, [encodeLossless(text.toString())], { fsync: true });
  return count;
}
