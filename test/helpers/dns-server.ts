import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { cleanUp, temporaryFolder } from './cleanup.js';
import type { Namespace } from './namespace.js';
import { programEnvironment, programPath } from './run.js';

const DRIVER = fileURLToPath(new URL('./dns-server.mjs', import.meta.url));

/** A zone as test/helpers/dns-zone-loader.mjs makes it. */
export interface TestZone {
  readonly name: string;
  readonly entries?: readonly (readonly [first: string, last: string, code: string])[];
  /** So many single addresses from 20.0.0.0 on, every second one, with `code`. */
  readonly count?: number;
  readonly code?: string;
  readonly serial?: number;
  readonly text?: string;
  readonly failed?: string;
  readonly keys?: readonly string[];
}

/** What the loader of tests is to give. */
export interface TestZones {
  readonly zones: readonly TestZone[];
  readonly warnings?: readonly string[];
  readonly throws?: string;
  readonly exits?: boolean;
  /** Makes this file and exits, where it is not there. */
  readonly exitsWithout?: string;
  readonly nextChangeInMs?: number;
}

export interface DnsServerOptions {
  /** ServerSettings without functions and loader; port 5300 of both loopback addresses if left out. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly delayMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** In place of the driver that lies beside this file. */
  readonly driver?: string;
  /** Not to wait until it answers. */
  readonly early?: boolean;
}

const LISTEN = [
  { address: '127.0.0.1', port: 5300 },
  { address: '::1', port: 5300 },
];

/** A file of zones, replaced as a whole. */
export class ZonesFile {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(zones: TestZones): Promise<ZonesFile> {
    const file = new ZonesFile(join(await temporaryFolder(), 'zones.json'));
    file.write(zones);
    return file;
  }

  write(zones: TestZones): void {
    writeFileSync(`${this.path}.new`, JSON.stringify(zones));
    renameSync(`${this.path}.new`, this.path);
  }
}

/** The server in a process of its own inside a namespace, until the test or file ends. */
export class DnsServerProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: unknown[] = [];
  readonly #waiting: ((line: unknown) => void)[] = [];
  #stderr = '';

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    child.stdin.on('error', () => undefined); // it ended
    createInterface({ input: child.stdout }).on('line', (line) => {
      const value: unknown = JSON.parse(line);
      const next = this.#waiting.shift();
      if (next) next(value);
      else this.#lines.push(value);
    });
  }

  static async start(
    namespace: Namespace,
    zones: ZonesFile,
    options: DnsServerOptions = {},
  ): Promise<DnsServerProcess> {
    const settings = { listen: LISTEN, ...options.settings };
    // within a root folder it is that of the zones
    const file = 'root' in settings ? `/${basename(zones.path)}` : zones.path;
    const input = { file, delayMs: options.delayMs ?? 0 };
    const words = [options.driver ?? DRIVER, JSON.stringify(settings), JSON.stringify(input)];
    const child = spawn(
      programPath('ip'),
      ['netns', 'exec', namespace.name, process.execPath, ...words],
      { env: programEnvironment({ ...options.env }), stdio: 'pipe' },
    );
    await once(child, 'spawn');
    const server = new DnsServerProcess(child);
    cleanUp(() => server.kill());
    if (!options.early) await server.ready();
    return server;
  }

  get pid(): number {
    return this.#child.pid ?? NaN;
  }

  get stderr(): string {
    return this.#stderr;
  }

  async ready(): Promise<void> {
    const first = await Promise.race([this.line(), once(this.#child, 'exit').then(() => 'exit')]);
    if (first !== 'ready') throw new Error(`the server did not start: ${this.#stderr}`);
  }

  /** The next line that it says. */
  line(): Promise<unknown> {
    if (this.#lines.length > 0) return Promise.resolve(this.#lines.shift());
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  async ask(command: 'kill' | 'reload' | 'memory' | 'statistics'): Promise<unknown> {
    this.#child.stdin.write(`${command}\n`);
    return this.line();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Waits until standard error has it. */
  async said(pattern: RegExp, timeoutMs = 5000): Promise<RegExpExecArray> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const found = pattern.exec(this.#stderr);
      if (found) return found;
      await sleep(10);
      if (Date.now() > end) throw new Error(`${String(pattern)} was not said: ${this.#stderr}`);
    }
  }

  /** @returns exit code (the signal's name where one killed it), and how long that took */
  async end(name: NodeJS.Signals = 'SIGTERM'): Promise<{ code: unknown; tookMs: number }> {
    const began = performance.now();
    const ended = once(this.#child, 'exit');
    this.#child.kill(name);
    return { code: await this.#codeOf(ended), tookMs: performance.now() - began };
  }

  async ended(): Promise<unknown> {
    if (this.#hasEnded()) return this.#child.exitCode ?? this.#child.signalCode;
    return this.#codeOf(once(this.#child, 'exit'));
  }

  async kill(): Promise<void> {
    if (this.#hasEnded()) return;
    await this.end('SIGKILL');
  }

  async #codeOf(ended: Promise<unknown[]>): Promise<unknown> {
    const [code, signal] = await ended;
    return code ?? signal;
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
