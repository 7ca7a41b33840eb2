import { fileURLToPath } from 'node:url';

import { type RunResult, run } from './run.js';

/** The program as it is installed: the built entry. */
export const MAIN = fileURLToPath(new URL('../../dist/main.cjs', import.meta.url));

interface Options {
  readonly cwd?: string;
  readonly input?: string;
  readonly env?: Record<string, string>;
  readonly timeoutMs?: number;
}

/** Runs the program to its end. */
export async function sekisho(args: readonly string[], options: Options = {}): Promise<RunResult> {
  return run(process.execPath, [MAIN, ...args], options);
}
