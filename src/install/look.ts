import fs from 'node:fs';

import { systemErrorOf } from '../util/system-error.js';
import { hashOf } from './record.js';

/** What stands at a path: nothing, a file with that SHA-256, or something else (a link, a folder). */
export type Found = 'nothing' | 'something else' | { readonly hash: string };

/** Looks without following a symbolic link: a unit that is a link to /dev/null was masked. */
export function lookAt(path: string): Found {
  try {
    const stats = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return 'nothing';
    return stats.isFile() ? { hash: hashOf(fs.readFileSync(path, 'utf8')) } : 'something else';
  } catch (error) {
    throw systemErrorOf(error, 'cannot read', path);
  }
}

/** Whether a file stands there with one of these texts. */
export function isOneOf(found: Found, hashes: readonly string[] = []): boolean {
  return typeof found === 'object' && hashes.includes(found.hash);
}
