import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { codeOf } from '../../util/errors.js';

/** ESRCH: a process that ended while it was read. */
const NOT_FOR_US = new Set(['ENOENT', 'EACCES', 'EPERM', 'ESRCH']);

/** What a reading of files gives; undefined where they are not there, or not for us. */
export function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = codeOf(error);
    if (code !== undefined && NOT_FOR_US.has(code)) return undefined;
    throw error;
  }
}

/**
 * A process and those from which it descends, the nearest first, without init; as proc(5) tells.
 *
 * @param most how many at most
 */
export function lineOf(procFolder: string, first: number, most: number): number[] {
  const line: number[] = [];
  for (let pid = first; pid > 1 && line.length < most;) {
    line.push(pid);
    const status = ifThere(() => readFileSync(join(procFolder, String(pid), 'status'), 'utf8'));
    pid = Number(/^PPid:\s*(\d+)$/m.exec(status ?? '')?.[1] ?? 0);
  }
  return line;
}
