import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { SystemError } from '../../util/errors.js';
import { readBootRules, rulesFile } from './boot.js';
import { hostFamilies } from './programs.js';
import type { WantedRules } from './rules.js';

/**
 * The rules that boot files in a folder load, for every family that the host speaks.
 *
 * @throws SystemError where there are none
 */
export function readRulesFiles(folder: string): WantedRules {
  const files = hostFamilies().map((family) => [family, join(folder, rulesFile(family))] as const);
  const found = files.filter(([, file]) => existsSync(file));
  if (found.length > 0) {
    return new Map(
      found.map(([family, file]) => [family, readBootRules(readFileSync(file, 'utf8'))]),
    );
  }
  throw new SystemError(
    `there are no rules in ${folder}; expected ${rulesFile(4)}: run \`sekisho apply\` anew`,
  );
}
