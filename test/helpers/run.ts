import { execa } from 'execa';
import { findProgram, searchPath } from './programs.js';

export interface RunOptions {
  /** Written to standard input, which is then closed; empty if left out. */
  input?: string | Uint8Array;
  /** Added to this process's environment. */
  env?: Record<string, string>;
  cwd?: string;
  /** After this the program is ended and `run` throws; 20 s if left out. */
  timeoutMs?: number;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** The environment of a program under test: our search path, messages in English. */
export function programEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  return { ...process.env, PATH: searchPath, LC_ALL: 'C.UTF-8', ...extra };
}

/** The full path of a program that a test cannot do without. */
export function programPath(program: string): string {
  const path = findProgram(program);
  if (path === undefined) throw new Error(`program not found: ${program}`);
  return path;
}

/**
 * Runs a program to its end, no shell between. An exit code other than 0 is a
 * result; a program that does not start, runs too long or dies of a signal throws.
 */
export async function run(
  program: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<RunResult> {
  const { input = '', env, cwd, timeoutMs = 20_000 } = options;
  const result = await execa(programPath(program), args, {
    input,
    env: programEnvironment(env),
    extendEnv: false,
    ...(cwd === undefined ? {} : { cwd }),
    timeout: timeoutMs,
    forceKillAfterDelay: 2_000,
    stripFinalNewline: false,
    reject: false,
  });
  const { exitCode, stdout, stderr } = result;
  if (exitCode === undefined) throw new Error(result.message ?? `${program} did not run`);
  return { code: exitCode, stdout, stderr };
}
