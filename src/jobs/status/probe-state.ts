import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { KnownError, codeOf } from '../../util/errors.js';
import { systemErrorOf } from '../../util/system-error.js';

/** Whether the state folder takes a file. */
export interface StateProbe {
  readonly path: string;
  /** `absent`: it is made when it is first needed; `denied`: this user has no right to write. */
  readonly state: 'writable' | 'absent' | 'denied' | 'refused';
  /** Where it refused: why, and what to do. */
  readonly fault?: string;
}

/** More than file systems keep beside the name of a file. */
const PROBE_BYTES = 16_384;

/**
 * Writes a small file of its own into the state folder and removes it: a full disk and a file
 * system that is read-only show themselves in no other way.
 */
export function probeState(path: string): StateProbe {
  if (!existsSync(path)) return { path, state: 'absent' };
  const file = join(path, `.probe-${process.pid}-${randomUUID()}`);
  try {
    const descriptor = openSync(file, 'wx', 0o600);
    try {
      writeSync(descriptor, Buffer.alloc(PROBE_BYTES));
    } finally {
      closeSync(descriptor);
      rmSync(file);
    }
    return { path, state: 'writable' };
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'EACCES') return { path, state: 'denied' };
    const error = systemErrorOf(thrown, 'cannot write to', path);
    if (error instanceof KnownError) return { path, state: 'refused', fault: error.message };
    throw error;
  }
}
