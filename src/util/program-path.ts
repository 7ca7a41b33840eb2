import fs from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { SystemError } from './errors.js';

/**
 * Where a file of the built program is: of a module that a thread or another process loads by
 * itself. This module runs from dist/util/, within the bundle from dist/bundle/, and in tests from
 * src/util/, beside which nothing is built.
 *
 * @param path from dist/, such as `main.cjs`
 */
export function builtFile(path: string): URL {
  const isBuilt = !import.meta.url.endsWith('.ts');
  return new URL(`${isBuilt ? '../' : '../../dist/'}${path}`, import.meta.url);
}

/** The file that starts this program, to start it once more. */
export const PROGRAM_PATH = fileURLToPath(builtFile('main.cjs'));

/**
 * For a process that has given up its rights, and whose threads are yet to read their modules.
 *
 * @param user whom it has become
 * @throws SystemError where that user may not read the program (Node says that there is none)
 */
export function mustReadProgram(user: string): void {
  try {
    fs.accessSync(builtFile('util/program-path.js'), fs.constants.R_OK);
  } catch {
    throw new SystemError(
      `user ${user} may not read this program, which lies in ${dirname(PROGRAM_PATH)}: install it ` +
        'where everybody may, outside of a home folder, or leave the user out',
    );
  }
}
