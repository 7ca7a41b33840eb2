import { fileURLToPath } from 'node:url';

import { execa } from 'execa';

const MAIN = fileURLToPath(new URL('../../dist/main.cjs', import.meta.url));

export interface ProgramOptions {
  cwd: string;
  /** All that the environment holds. */
  env?: Record<string, string>;
  /** Options of node itself. */
  nodeOptions?: readonly string[];
}

export interface ProgramResult {
  /** Undefined where a signal ended it. */
  exitCode: number | undefined;
  signal: string | undefined;
  stdout: string;
  stderr: string;
}

/** Runs the program as cron does: a bare environment, no terminal. */
export async function runSekisho(
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  const { cwd, env = {}, nodeOptions = [] } = options;
  const result = await execa(process.execPath, [...nodeOptions, MAIN, ...args], {
    cwd,
    env: { PATH: '/usr/bin:/bin', ...env },
    extendEnv: false,
    timeout: 20_000,
    reject: false,
    stdin: 'ignore',
  });
  const { exitCode, signal, stdout, stderr } = result;
  return { exitCode, signal, stdout, stderr };
}
