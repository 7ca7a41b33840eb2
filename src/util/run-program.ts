import { spawn } from 'node:child_process';

import { SystemError, messageOf } from './errors.js';
import { requireProgram } from './programs.js';

export interface RunOptions {
  /** Written to standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  /** An open file that is its standard input, in place of `input`. */
  readonly inputFile?: number;
  /** After this the program is killed; milliseconds, default one minute. */
  readonly timeoutMs?: number;
  /** What to install where the program is missing, for the message. */
  readonly origin: string;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end: no shell, an array of arguments, data on standard input. An exit
 * code other than 0 is a result.
 *
 * @throws SystemError where it is missing, cannot be started, or does not end in time
 */
export async function runProgram(
  name: string,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const path = requireProgram(name, options.origin);
  const { input = '', timeoutMs: timeout = 60_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      timeout,
      killSignal: 'SIGKILL',
      env: environment(),
      stdio: [options.inputFile ?? (input === '' ? 'ignore' : 'pipe'), 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (piece: Buffer) => out.push(piece));
    child.stderr?.on('data', (piece: Buffer) => err.push(piece));
    child.on('error', (error) => {
      reject(new SystemError(`${name} cannot be run: ${messageOf(error)}`, { cause: error }));
    });
    child.on('close', (code, signal) => {
      if (code === null) {
        const why = child.killed ? `did not end within ${timeout / 1000} s` : `died of ${signal}`;
        reject(new SystemError(`${name} ${why}`));
        return;
      }
      const text = (pieces: Buffer[]): string => Buffer.concat(pieces).toString('utf8');
      resolve({ code, stdout: text(out), stderr: text(err) });
    });
    // a program that ends before it has read everything says why itself
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Messages in English, and nothing else changed. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C' };
}
