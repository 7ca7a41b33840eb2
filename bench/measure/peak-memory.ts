import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A module that is loaded before the program, see report-peak.ts. */
const REPORTER = new URL('report-peak.js', import.meta.url).href;

/**
 * Peak resident memory of a Node program in MiB.
 *
 * @param args the program's file and its arguments
 * @throws Error where it ends with another exit code than 0
 */
export function peakMemoryMiB(args: readonly string[], cwd?: string): number {
  const result = spawnSync(process.execPath, ['--import', REPORTER, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    cwd,
  });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    throw new Error(`${args[0] ?? ''} ended with ${result.status ?? ''}: ${result.stderr}`);
  }
  const kiB = Number(result.output[3]);
  if (!(kiB > 0)) throw new Error(`found no peak from ${fileURLToPath(REPORTER)}`);
  return kiB / 1024;
}
