import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import type { FoundProgram } from '../programs.js';

/** Programs first in PATH without the wrapper of `scripts/test-programs`, on both sides. */
export function programsFirst(
  own: string,
  programs: Readonly<Record<string, FoundProgram>>,
): Record<string, string> {
  const folder = join(own, 'programs');
  mkdirSync(folder, { recursive: true });
  let env: Record<string, string> = {};
  for (const [name, program] of Object.entries(programs)) {
    const path = join(folder, name);
    if (!existsSync(path)) symlinkSync(program.path, path);
    env = { ...env, ...program.env };
  }
  return { ...env, PATH: `${folder}:${process.env['PATH'] ?? ''}`, SSH_CONNECTION: '' };
}
