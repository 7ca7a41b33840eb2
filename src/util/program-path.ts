import { fileURLToPath } from 'node:url';

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
