import { spawnSync } from 'node:child_process';

import { median } from '../row.js';

/** A command, without a shell. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What one run, or the middle of several, took: the process and all it started. */
export interface Took {
  readonly wallMs: number;
  /** User and system time. */
  readonly cpuMs: number;
}

/** The shell's own clock sees the children of children, which Node's does not. */
const TIMER = `TIMEFORMAT='%3R %3U %3S'; { time "$@" 2>&4; } 4>&2 2>&3`;

/** @throws Error where the command does not start or ends with another exit code than 0 */
export function runTimed({ program, args, cwd, env }: Command): Took {
  const result = spawnSync('bash', ['-c', TIMER, 'bash', program, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    cwd,
    env: { ...process.env, LC_ALL: 'C', ...env },
  });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    throw new Error(`${program} ended with ${result.status ?? result.signal}: ${result.stderr}`);
  }
  const seconds = (result.output[3] ?? '').trim().split(' ').map(Number);
  const [wall = NaN, user = NaN, system = NaN] = seconds;
  if (Number.isNaN(wall + user + system)) throw new Error("found no times from bash's time");
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000 };
}

/**
 * Runs two commands in turn (A B A B …), one uncounted round first, so that both see the same
 * machine. `make` is called for each run with its number, −1 in the uncounted round.
 */
export function runInTurn(
  rounds: number,
  makeA: (round: number) => Command,
  makeB: (round: number) => Command,
): { a: Took; b: Took } {
  const runs: { a: Took; b: Took }[] = [];
  for (let round = -1; round < rounds; round++) {
    const both = { a: runTimed(makeA(round)), b: runTimed(makeB(round)) };
    if (round >= 0) runs.push(both);
  }
  return { a: middle(runs.map(({ a }) => a)), b: middle(runs.map(({ b }) => b)) };
}

/** The medians of wall and CPU time of one command, one uncounted run first. */
export function runAlone(rounds: number, command: Command): Took {
  runTimed(command);
  return middle(Array.from({ length: rounds }, () => runTimed(command)));
}

function middle(runs: readonly Took[]): Took {
  return {
    wallMs: median(runs.map(({ wallMs }) => wallMs)),
    cpuMs: median(runs.map(({ cpuMs }) => cpuMs)),
  };
}

export function tookText({ wallMs, cpuMs }: Took): string {
  return `${wallMs.toFixed(0)} ms wall, ${cpuMs.toFixed(0)} ms CPU`;
}
