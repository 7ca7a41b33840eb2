import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

import { SystemError, codeOf } from './errors.js';

/** Where system programs are that cron's PATH (`/usr/bin:/bin`) does not name. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin'];

/**
 * The full path of a program: PATH first, then the folders of system programs. Relative
 * entries of PATH are passed over, since this program may run as root in any folder. An absolute
 * name is looked for where it says.
 */
export function findProgram(
  name: string,
  searchPath: string = process.env['PATH'] ?? '',
): string | undefined {
  if (isAbsolute(name)) return isExecutable(name) ? name : undefined;
  return [...searchPath.split(delimiter), ...SYSTEM_FOLDERS]
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/**
 * The same, for a program that the work cannot do without.
 *
 * @param origin what to install, as in `the Debian package util-linux`
 * @throws SystemError where it is not there
 */
export function requireProgram(name: string, origin: string): string {
  const path = findProgram(name);
  if (path !== undefined) return path;
  throw new SystemError(
    `the program ${name} was not found in PATH, /usr/sbin or /sbin; install ${origin}`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false; // not there, or not for us
  }
}
