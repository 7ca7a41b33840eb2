import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { ROOT } from './paths.js';

/** A program to measure against, without the wrapper that starts it in tests. */
export interface FoundProgram {
  readonly path: string;
  /** What the wrapper would have set. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Finds a program as the system tests do. One that `scripts/test-programs` unpacked is started
 * by a shell script there; what that costs must not be charged to the program.
 *
 * @returns undefined where neither machine nor cache has it
 */
export function findProgram(name: string): FoundProgram | undefined {
  const list = execFileSync(`${ROOT}scripts/test-programs`, ['--list'], { encoding: 'utf8' });
  const path = new Map(list.split('\n').map((line) => line.split('\t') as [string, string])).get(
    name,
  );
  if (path === undefined || path === '-') return undefined;
  return withoutWrapper(path);
}

function withoutWrapper(path: string): FoundProgram {
  const start = readFileSync(path).subarray(0, 2000).toString('latin1');
  const [, target] = /^exec '([^']+)' "\$@"$/m.exec(start) ?? [];
  if (!start.startsWith('#!') || target === undefined) return { path, env: {} };
  const [, libraries = ''] = /^LD_LIBRARY_PATH='([^']*)'/m.exec(start) ?? [];
  const exported = [...start.matchAll(/^export (\w+)='([^']*)'/gm)].map(
    ([, name = '', value = '']) => [name, value] as const,
  );
  const env = Object.fromEntries(exported);
  return { path: target, env: libraries === '' ? env : { ...env, LD_LIBRARY_PATH: libraries } };
}
