import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { encode } from 'dns-packet';

import { PROGRAM } from '../paths.js';
import type { FoundProgram } from '../programs.js';

/** Servers have one core, the load another. */
export const SERVER_CORE = '1';
export const LOAD_CORE = '0';

const FIRST_PORT = 15_300;
let lastPort = FIRST_PORT;

export interface ServerKind {
  readonly name: string;
  /** Program and arguments that come before rbldnsd's own. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Ours and rbldnsd, both with rbldnsd's arguments. */
export function serverKinds(rbldnsd: FoundProgram): { ours: ServerKind; theirs: ServerKind } {
  return {
    ours: { name: 'sekisho rbldnsd', command: [process.execPath, PROGRAM, 'rbldnsd'], env: {} },
    theirs: { name: 'rbldnsd', command: [rbldnsd.path], env: rbldnsd.env },
  };
}

/** A server on its core. */
export class RunningServer {
  readonly port: number;
  /** From the start of the process to the first answer. */
  readonly readyMs: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number, readyMs: number) {
    this.#process = process;
    this.port = port;
    this.readyMs = readyMs;
  }

  /**
   * Starts a server for one zone, and waits until it answers.
   *
   * @param dataset as rbldnsd takes it: `combined:FILE`
   * @throws Error where it ends before, or does not answer in a minute
   */
  static async start(kind: ServerKind, zone: string, dataset: string): Promise<RunningServer> {
    const port = ++lastPort;
    const words = ['-n', '-u', 'nobody', '-c', '1', '-b', `127.0.0.1/${port}`];
    const [program, ...args] = [...kind.command, ...words, `${zone}:${dataset}`];
    const startedMs = performance.now();
    const child = spawn('taskset', ['-c', SERVER_CORE, program, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...kind.env },
    });
    let told = '';
    child.stderr.on('data', (piece: Buffer) => {
      told = (told + piece.toString()).slice(-2000);
    });
    while (performance.now() - startedMs < 60_000) {
      if (child.exitCode !== null) throw new Error(`${kind.name} ended: ${told}`);
      if (await answers(port, `2.0.0.127.${zone}`, 10)) {
        return new RunningServer(child, port, performance.now() - startedMs);
      }
    }
    child.kill('SIGKILL');
    throw new Error(`${kind.name} did not answer in a minute: ${told}`);
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  /** User and system time so far, of all threads; milliseconds. */
  cpu(): { readonly userMs: number; readonly systemMs: number } {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'latin1');
    // behind the name, which may hold anything; clock ticks are hundredths of a second (proc(5))
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { userMs: Number(fields[11]) * 10, systemMs: Number(fields[12]) * 10 };
  }

  /** Resident memory in bytes. */
  residentBytes(): number {
    const [, kilobytes = ''] =
      /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.pid}/status`, 'latin1')) ?? [];
    return Number(kilobytes) * 1024;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGTERM');
    const killer = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(killer);
    await sleep(50);
  }
}

/** The answer to one question as bytes behind the question, or undefined after `waitMs`. */
export async function ask(
  port: number,
  name: string,
  type: 'A' | 'TXT',
  waitMs: number,
): Promise<Buffer | undefined> {
  const socket = createSocket('udp4');
  const query = encode({ type: 'query', id: 1, questions: [{ name, type }] });
  try {
    return await new Promise<Buffer | undefined>((resolve) => {
      const timer = setTimeout(() => {
        resolve(undefined);
      }, waitMs);
      socket.on('message', (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
      // refused: not there yet
      socket.on('error', () => undefined);
      socket.connect(port, '127.0.0.1', () => {
        socket.send(query);
      });
    });
  } finally {
    socket.close();
  }
}

async function answers(port: number, name: string, waitMs: number): Promise<boolean> {
  const reply = await ask(port, name, 'A', waitMs);
  // rcode 0: the zone is loaded
  return reply !== undefined && ((reply[3] as number) & 15) === 0;
}
