import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { temporaryFolder } from './cleanup.js';
import { ask } from './dns-questions.js';
import { Namespace } from './namespace.js';
import { type RunResult, programEnvironment, programPath, run } from './run.js';
import { MAIN } from './sekisho.js';
import { type Server, startServer } from './server.js';
import { type TestRecord, statisticsText } from './statistics-text.js';
import { WEB_PORT, serveFolder } from './web-folder.js';

/** What the daemon answers from its first moment on. */
const FIRST = '198.51.100.7';
const RECORDS = 1500;

/**
 * Records of about a quarter of a megabyte of firewall: those of two variants differ in one of
 * fifty, but neither in number nor in size, so that each may follow the other. 45.0.0.0/25 stays.
 */
function recordsOf(variant: number): TestRecord[] {
  return Array.from({ length: RECORDS }, (_, k) => {
    const isMoved = k > 0 && k % 50 === variant % 50;
    return { cc: 'KR', start: `45.${k >> 8}.${k & 255}.${isMoved ? 128 : 0}`, value: 128 };
  });
}

/** Makes the text of sekisho.yaml; the defaults are those of {@link BusyHost.make}. */
export function busyConfig({ drift = '1h', more = '' } = {}): string {
  return `state: state
sources:
  registries: [apnic]
  urls: { apnic: ['http://127.0.0.1:${WEB_PORT}/apnic'] }
  tries: 1
lists:
  east: { countries: [KR] }
  blocked: { file: lists/blocked.txt }
  trusted: { file: lists/trusted.txt }
firewall:
  backend: nftables
  allow: [trusted]
  rules:
    - { name: ssh, tcp: [22], deny: [east] }
dnsbl:
  listen: ['127.0.0.1:5300']
  zones:
    - { name: bl.example.net, lists: { blocked: { code: 127.0.0.2 } } }
    - { name: cc.example.net, kind: country }
run: { drift_every: ${drift}, hits_every: 1h, jitter: 1s }
schedule: '17 4 1 1 *'
${more}`;
}

interface BusyHostOptions {
  /** Added to the environment of all that runs. */
  readonly env?: Readonly<Record<string, string>>;
  readonly firstDay?: Date;
}

/** Programs that a {@link BusyHost} needs. */
export const BUSY_NEEDS = ['root', 'namespace', 'nft', 'dig', 'flock'];

/**
 * A host in a network namespace, whose registry is a web server of its own: what `run`, `update`
 * and `block` do to one another can be tried on it.
 */
export class BusyHost {
  readonly network: Namespace;
  readonly folder: string;
  readonly #env: Record<string, string>;
  #web: Server | undefined;
  #published = 0;
  readonly #firstDay: Date;
  /** Holds a mount namespace in which the state folder is a small disk of its own. */
  #disk: Server | undefined;

  private constructor(
    network: Namespace,
    folder: string,
    env: Readonly<Record<string, string>>,
    firstDay: Date,
  ) {
    this.#firstDay = firstDay;
    this.network = network;
    this.folder = folder;
    this.#env = { SSH_CONNECTION: '', TMPDIR: join(folder, 'tmp'), ...env };
  }

  /** @param firstDay serial of the first file that the registry has */
  static async make(
    config: string,
    { env = {}, firstDay = new Date('2020-01-01') }: BusyHostOptions = {},
  ): Promise<BusyHost> {
    const host = new BusyHost(await Namespace.create(), await temporaryFolder(), env, firstDay);
    for (const name of ['web', 'tmp', 'lists', 'state']) mkdirSync(join(host.folder, name));
    host.write('sekisho.yaml', config);
    host.write('lists/blocked.txt', `# by hand\n${FIRST} the first\n`);
    host.write('lists/trusted.txt', '192.0.2.1 the first\n');
    host.publish();
    await host.openRegistry();
    return host;
  }

  /** The state folder, as it can be read from outside. */
  get state(): string {
    const seen = this.#disk === undefined ? '' : `/proc/${this.#disk.pid}/root`;
    return `${seen}${join(this.folder, 'state')}`;
  }

  /** Puts the state on a disk of so many kilobytes; what is run from then on sees it. */
  async mountSmallDisk(kilobytes: number): Promise<void> {
    const mounted = join(this.folder, 'mounted');
    const script = 'mount -t tmpfs -o "size=$1k" tmpfs "$2" && : > "$3" && exec sleep 600';
    const words = ['sh', String(kilobytes), join(this.folder, 'state'), mounted];
    this.#disk = await startServer('unshare', ['--mount', 'sh', '-c', script, ...words], {
      ready: () => existsSync(mounted),
    });
  }

  /** Makes the small disk `ro` or `rw`. */
  async remount(how: 'ro' | 'rw'): Promise<void> {
    const words = ['mount', '-o', `remount,${how}`, join(this.folder, 'state')];
    // somebody may have a file open for writing right now
    for (let tries = 0; tries < 50; tries++) {
      if ((await run('nsenter', [this.#mounts(), ...words])).code === 0) return;
      await sleep(100);
    }
    throw new Error(`the disk could not be remounted ${how}`);
  }

  #mounts(): string {
    return `--mount=/proc/${this.#disk?.pid ?? 'self'}/ns/mnt`;
  }

  /** Program and arguments that run a command of ours inside. */
  #inside(command: readonly string[]): [string, string[]] {
    const config = ['--config', join(this.folder, 'sekisho.yaml')];
    const words = [process.execPath, MAIN, ...command, ...config];
    const network = ['netns', 'exec', this.network.name, ...words];
    if (this.#disk === undefined) return ['ip', network];
    return ['nsenter', [this.#mounts(), programPath('ip'), ...network]];
  }

  async openRegistry(): Promise<void> {
    this.#web = await serveFolder(this.network, join(this.folder, 'web'));
  }

  async closeRegistry(): Promise<void> {
    await this.#web?.stop();
  }

  /** The registry has another file from now on, a day newer than the last. @returns its serial */
  publish(): string {
    const day = new Date(this.#firstDay.getTime() + this.#published * 86_400_000);
    const serial = day.toISOString().slice(0, 10).replaceAll('-', '');
    this.write('web/apnic', statisticsText({ serial, records: recordsOf(this.#published) }));
    this.#published++;
    return serial;
  }

  /** Replaces a file as a whole, as editors do. */
  write(name: string, text: string): void {
    writeFileSync(join(this.folder, `${name}.new`), text);
    renameSync(join(this.folder, `${name}.new`), join(this.folder, name));
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  /** First words of the lines of a manual list, comments left out. */
  listed(name = 'blocked'): string[] {
    const lines = this.read(`lists/${name}.txt`).split('\n');
    return lines.flatMap((line) => /^[^#\s]+/.exec(line) ?? []);
  }

  run(command: readonly string[]): Promise<RunResult> {
    const options = { cwd: this.folder, env: this.#env, timeoutMs: 90_000 };
    return run(...this.#inside(command), options);
  }

  /** In a process group of its own, so that it can be killed with all that it has started. */
  spawn(command: readonly string[]): ChildProcess {
    const [program, words] = this.#inside(command);
    const options = { cwd: this.folder, env: programEnvironment(this.#env), detached: true };
    return spawn(programPath(program), words, { ...options, stdio: 'ignore' });
  }

  /** `sekisho run`; returns when it answers. */
  startDaemon(): Promise<Server> {
    return startServer(...this.#inside(['run']), {
      cwd: this.folder,
      env: this.#env,
      timeoutMs: 60_000,
      ready: async () => (await this.lookUp(FIRST)) === 'NOERROR 127.0.0.2',
    });
  }

  /** What the DNSBL says of an IPv4 address. */
  lookUp(address: string): Promise<string> {
    return ask(this.network, `${address.split('.').reverse().join('.')}.bl.example.net`, 'A');
  }

  /** What the DNSBL says of the country of an IPv4 address. */
  country(address: string): Promise<string> {
    return ask(this.network, `${address.split('.').reverse().join('.')}.cc.example.net`, 'TXT');
  }

  async kernelText(): Promise<string> {
    return (await this.network.run('nft', ['list', 'table', 'inet', 'sekisho'])).stdout;
  }

  /** Waits until nothing runs inside but the registry. */
  async untilQuiet(timeoutMs = 30_000): Promise<void> {
    for (const end = Date.now() + timeoutMs; ;) {
      const { stdout } = await run('ip', ['netns', 'pids', this.network.name]);
      const others = stdout.split('\n').filter((id) => id !== '' && Number(id) !== this.#web?.pid);
      if (others.length === 0) return;
      if (Date.now() > end) throw new Error(`still running: processes ${others.join(', ')}`);
      await sleep(20);
    }
  }

  /** Names of all files of ours, with the changing parts of names left out. */
  fileNames(): string[] {
    return ['state', 'tmp', 'lists'].flatMap((top) =>
      readdirSync(join(this.folder, top), { recursive: true, withFileTypes: true })
        .map((each) => join(each.parentPath, each.name).slice(this.folder.length + 1))
        .map((name) => name.replace(/generation-\d+/, 'generation-N'))
        .sort(),
    );
  }
}

/** SIGKILL, to it alone or to all that it has started; returns whether it was still running. */
export async function kill(child: ChildProcess, all: boolean): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return false;
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  if (all && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  else child.kill('SIGKILL');
  const [, signal] = await ended;
  return signal === 'SIGKILL';
}
