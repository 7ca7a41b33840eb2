import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { builtFile } from '../util/program-path.js';
import { systemErrorOf } from '../util/system-error.js';

/**
 * Reads a file that comes with the package.
 *
 * @param path from the package's folder, such as `lists/blocked.txt`
 */
export function readShipped(path: string): string {
  const file = fileURLToPath(builtFile(`../${path}`));
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw systemErrorOf(error, 'cannot read', file);
  }
}

/**
 * Puts values for the names between two @ of a shipped file. A line that consists of a name
 * alone and gets nothing goes away.
 *
 * @throws Error where a name has no value, which is a defect
 */
export function fillTemplate(path: string, values: Readonly<Record<string, string>>): string {
  const valueOf = (name: string): string => {
    const value = values[name];
    if (value === undefined) throw new Error(`${path}: nothing to put for @${name}@`);
    return value;
  };
  return readShipped(path)
    .replaceAll(/^@([A-Z_]+)@\n/gm, (_, name: string) => {
      const value = valueOf(name);
      return value === '' ? '' : `${value.trimEnd()}\n`;
    })
    .replaceAll(/@([A-Z_]+)@/g, (_, name: string) => valueOf(name));
}
