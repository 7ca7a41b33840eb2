import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { FoundProgram } from '../programs.js';
import { LOAD_CORE } from './servers.js';

/** What dnsperf saw. */
export interface Load {
  readonly queries: number;
  readonly perSecond: number;
  readonly lost: number;
  /** Of every reply, where asked for; milliseconds, ascending. */
  readonly latenciesMs: Float64Array;
}

export interface LoadOptions {
  readonly port: number;
  readonly questions: string;
  readonly seconds: number;
  /** Queries a second; as many as the server takes where left out. */
  readonly rate?: number;
  readonly withLatencies?: boolean;
}

/** Runs dnsperf on the core for load. @throws Error where it fails */
export async function runDnsperf(
  { path, env }: FoundProgram,
  { port, questions, seconds, rate, withLatencies = false }: LoadOptions,
): Promise<Load> {
  const words = ['-s', '127.0.0.1', '-p', String(port), '-d', questions, '-l', String(seconds)];
  const more = [
    ...(rate === undefined ? [] : ['-Q', String(rate)]),
    ...(withLatencies ? ['-v'] : []),
  ];
  const folder = mkdtempSync(join(tmpdir(), 'sekisho-dnsperf-'));
  try {
    const output = join(folder, 'output');
    await run(['-c', LOAD_CORE, path, ...words, '-q', '200', ...more], env, output);
    return loadIn(readFileSync(output, 'latin1'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Output goes to a file: while nobody reads from a pipe that is full, dnsperf would ask nothing. */
async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  output: string,
): Promise<void> {
  const file = openSync(output, 'w');
  try {
    const child = spawn('taskset', args, {
      stdio: ['ignore', file, 'pipe'],
      env: { ...process.env, ...env },
    });
    let told = '';
    child.stderr?.on('data', (piece: Buffer) => (told += piece.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`dnsperf ended with ${String(code)}: ${told}`);
  } finally {
    closeSync(file);
  }
}

function loadIn(text: string): Load {
  return {
    queries: numberIn(text, /Queries completed:\s+(\d+)/),
    perSecond: numberIn(text, /Queries per second:\s+([\d.]+)/),
    lost: numberIn(text, /Queries lost:\s+(\d+)/),
    latenciesMs: latenciesIn(text),
  };
}

function numberIn(text: string, pattern: RegExp): number {
  const value = pattern.exec(text)?.[1];
  if (value === undefined) throw new Error(`dnsperf printed nothing like ${pattern.source}`);
  return Number(value);
}

/** Lines of -v: `> NOERROR NAME TYPE 0.000123`. */
function latenciesIn(text: string): Float64Array {
  const seconds = [...text.matchAll(/^> \S+ \S+ \S+ ([\d.]+)$/gm)].map((match) => Number(match[1]));
  return Float64Array.from(seconds, (value) => value * 1000).sort();
}

/** The value below which the share lies, of ascending values. */
export function percentile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) throw new Error('no latency was measured');
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
}
