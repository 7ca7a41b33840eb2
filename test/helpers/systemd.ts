import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { cleanUp, temporaryFolder } from './cleanup.js';
import { findProgram } from './programs.js';
import { programEnvironment, programPath, run, type RunOptions, type RunResult } from './run.js';

const BOOT = fileURLToPath(new URL('boot-systemd.sh', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
const MANAGER = '/lib/systemd/systemd';

/** Where this package and Node.js are inside: services see no home folders. */
export const INSIDE = { node: '/opt/node', main: '/opt/sekisho/dist/main.cjs' };

/** Units without which nothing starts; `network-online` is reached at once. */
const TARGETS = ['basic', 'local-fs', 'multi-user', 'network', 'network-online', 'network-pre'];
const MORE_TARGETS = ['nss-lookup', 'shutdown', 'sockets', 'sysinit', 'timers', 'umount'];

/** What keeps systemd from being the first process of namespaces here; undefined if nothing. */
export function systemdObstacle(): string | undefined {
  if (!existsSync(MANAGER) || findProgram('systemctl') === undefined) return 'needs systemd';
  if (controlGroups() === undefined) return 'needs a mounted cgroup2';
  if (!/\boverlay$/m.test(readFileSync('/proc/filesystems', 'utf8'))) return 'needs overlayfs';
  return undefined;
}

/** Where control groups of version 2 are mounted. */
function controlGroups(): string | undefined {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  return mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1];
}

/**
 * A host that systemd runs: a real one, as the first process of a namespace for processes, with a
 * network, mounts and control groups of its own. It has the machine's programs; what it writes
 * to /etc, /usr, /var, /opt and /run nobody else sees. No unit of the machine's is started.
 */
export class SystemdHost {
  readonly #folder: string;
  readonly #lower: string;
  readonly #cgroup: string;
  #unshare: ChildProcess | undefined;
  #pid = NaN;

  private constructor(folder: string, packages: readonly string[]) {
    this.#folder = folder;
    this.#lower = packages
      .filter((tree) => existsSync(join(tree, 'usr'))) // or the machine has it itself
      .map((tree) => `${join(tree, 'usr')}:`)
      .join('');
    this.#cgroup = join(String(controlGroups()), basename(folder));
  }

  /**
   * Boots one, which is ended with all its processes when the test or file ends.
   *
   * @param packages trees of unpacked packages whose `usr` it has as well
   * @param files absolute path → text, there before it boots
   */
  static async boot(
    packages: readonly string[],
    files: Readonly<Record<string, string>> = {},
  ): Promise<SystemdHost> {
    const host = new SystemdHost(await temporaryFolder(), packages);
    for (const [path, text] of Object.entries({ ...basicFiles(), ...files })) {
      await mkdir(dirname(join(host.#folder, path)), { recursive: true });
      await writeFile(join(host.#folder, path), text);
    }
    cleanUp(() => host.#end());
    await host.#start();
    return host;
  }

  /** The power fails and comes back: what was written to disk is there, nothing else is. */
  async reboot(): Promise<void> {
    await this.#end();
    await this.#start();
  }

  async #start(): Promise<void> {
    await mkdir(this.#cgroup);
    const words = [BOOT, this.#cgroup, this.#folder, this.#lower, PACKAGE, process.execPath];
    const child = spawn(programPath('sh'), words, {
      env: programEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#unshare = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    for (const end = Date.now() + 20_000; Date.now() < end;) {
      await sleep(50);
      if (child.exitCode !== null) break;
      this.#pid = (await firstChild(child.pid ?? NaN)) ?? NaN;
      if (!Number.isNaN(this.#pid) && (await this.#isRunning())) return;
    }
    throw new Error(`systemd did not come up:\n${output}`);
  }

  /** unshare takes the first process with it, and that all others. */
  async #end(): Promise<void> {
    const child = this.#unshare;
    this.#unshare = undefined;
    if (child === undefined) return;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    await removeGroup(this.#cgroup);
  }

  async #isRunning(): Promise<boolean> {
    const { stdout } = await this.run('systemctl', ['is-system-running']);
    return /^(running|degraded)/.test(stdout);
  }

  /** The same as {@link run}, inside. */
  run(program: string, args: readonly string[] = [], options: RunOptions = {}): Promise<RunResult> {
    const words = ['-t', String(this.#pid), '-a', '--wd=/', '--', program, ...args];
    return run('nsenter', words, { ...options, env: { PATH: INSIDE_PATH, ...options.env } });
  }

  /** Runs `systemctl`, which has to succeed. */
  async systemctl(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run('systemctl', args, { timeoutMs: 60_000 });
    if (code === 0) return stdout;
    const logs = args.map((unit) => this.logOf(unit));
    throw new Error(
      `systemctl ${args.join(' ')}: ${stderr}\n${(await Promise.all(logs)).join('')}`,
    );
  }

  /** A property of a unit. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.systemctl('show', '--value', '-p', name, unit)).trim();
  }

  /** What a unit's processes have written. */
  async logOf(unit: string): Promise<string> {
    return (await this.run('sh', ['-c', 'cat "$1" 2>/dev/null', 'sh', `/run/logs/${unit}`])).stdout;
  }

  /** `sekisho` with these arguments. */
  async sekisho(...args: readonly string[]): Promise<RunResult> {
    return this.run(INSIDE.node, [INSIDE.main, ...args], { timeoutMs: 60_000 });
  }

  /** Reads a file below /etc, /usr, /var or /opt that was written inside. */
  async read(path: string): Promise<string> {
    return readFile(join(this.#folder, path), 'utf8');
  }

  /** Writes one, from inside. */
  async write(path: string, text: string): Promise<void> {
    const words = ['-c', 'mkdir -p "${1%/*}"; cat >"$1"', 'sh', path];
    const { code, stderr } = await this.run('sh', words, { input: text });
    if (code !== 0) throw new Error(stderr);
  }
}

const INSIDE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function basicFiles(): Record<string, string> {
  const target = (name: string, more = ''): [string, string] => [
    `/etc/systemd/system/${name}.target`,
    `[Unit]\nDescription=${name}\n${more}`,
  ];
  return Object.fromEntries([
    target('default', 'Requires=multi-user.target\nAfter=multi-user.target\nAllowIsolate=yes\n'),
    ...[...TARGETS, ...MORE_TARGETS].map((name) =>
      target(name, ['shutdown', 'umount'].includes(name) ? 'DefaultDependencies=no\n' : ''),
    ),
    // there is no journal
    [
      '/etc/systemd/system/service.d/log.conf',
      '[Service]\nStandardOutput=append:/run/logs/%n\nStandardError=append:/run/logs/%n\n',
    ],
  ]);
}

async function firstChild(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const [child] = text.trim().split(' ');
  return child === undefined || child === '' ? undefined : Number(child);
}

/** A control group goes once its last process is gone, and those below it before. */
async function removeGroup(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeGroup(join(path, entry.name));
  }
  for (let tries = 0; ; tries += 1) {
    try {
      await rmdir(path);
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(50);
    }
  }
}
