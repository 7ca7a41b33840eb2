import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanUp } from './cleanup.js';
import { programEnvironment, programPath } from './run.js';

export interface ServerOptions {
  /** Asked until it says true; a throw counts as "not yet". */
  ready: () => boolean | Promise<boolean>;
  env?: Record<string, string>;
  cwd?: string;
  /** How long the server may take until it is ready; 10 s if left out. */
  timeoutMs?: number;
}

export interface Server {
  readonly pid: number;
  /** What it has written so far, standard output and error together. */
  output(): string;
  /** SIGHUP and the like; {@link Server.stop} ends it. */
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after 3 s. Does nothing if it has ended already. */
  stop(): Promise<void>;
}

/**
 * Starts a program that stays in the foreground, and returns when its probe
 * passes. It is stopped, by its own process id, when the test or file ends.
 * @throws with the program's output, if it ends or is not ready in time.
 */
export async function startServer(
  program: string,
  args: readonly string[],
  options: ServerOptions,
): Promise<Server> {
  const { ready, env, cwd, timeoutMs = 10_000 } = options;
  const child = spawn(programPath(program), args, {
    env: programEnvironment(env),
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collectOutput(child);
  await once(child, 'spawn');
  cleanUp(() => stop(child));

  const deadline = Date.now() + timeoutMs;
  while (!(await passes(ready))) {
    if (hasEnded(child)) throw new Error(`${program} ended at once:\n${output()}`);
    if (Date.now() > deadline) {
      throw new Error(`${program} was not ready after ${timeoutMs} ms:\n${output()}`);
    }
    await sleep(20);
  }
  return {
    pid: child.pid ?? NaN,
    output,
    signal: (signal) => void child.kill(signal),
    stop: () => stop(child),
  };
}

function collectOutput(child: ChildProcess): () => string {
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  }
  return () => chunks.join('');
}

async function passes(ready: ServerOptions['ready']): Promise<boolean> {
  try {
    return await ready();
  } catch {
    return false; // nothing listens yet
  }
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await ended;
  clearTimeout(timer);
}

/**
 * A port of 127.0.0.1 that is free for TCP and UDP alike, as a DNS server needs.
 * Inside a namespace of its own a test can take any port and does not need this.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    const free = await isFreeForUdp(port);
    tcp.close();
    await once(tcp, 'close');
    if (free) return port;
  }
  throw new Error('no port of 127.0.0.1 is free for both TCP and UDP');
}

function isFreeForUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const udp = createSocket('udp4');
    udp.once('error', () => {
      udp.close();
      resolve(false);
    });
    udp.bind(port, '127.0.0.1', () => udp.close(() => resolve(true)));
  });
}
