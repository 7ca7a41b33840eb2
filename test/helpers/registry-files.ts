import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Copies of the registries' own files, which are too large to be kept in the repository. */
const FOLDER = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

/** Why tests on them are skipped; undefined where they are there. */
export const registryFilesMissing = existsSync(FOLDER) ? undefined : 'needs ../shared/data';

/** One of them, by its name below the folder. */
export function readRegistryFile(name: string): Buffer {
  return readFileSync(join(FOLDER, name));
}
