import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { temporaryFolder } from './cleanup.js';
import type { Namespace } from './namespace.js';
import { wrapperFolder } from './programs.js';
import type { RunOptions, RunResult } from './run.js';
import type { Server, ServerOptions } from './server.js';

/** What a package's own programs find when they look around. */
export interface PackageHostOptions {
  /** Groups of `scripts/test-programs`; what the machine has itself needs no tree. */
  readonly packages: readonly string[];
  /** Users (each with a group of its name) and further groups that the packages would have made. */
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  /** Name of the host, with a domain. */
  readonly hostName?: string;
  /** Lines for /etc/hosts beyond localhost and the host's own name. */
  readonly hosts?: readonly string[];
}

/**
 * A view of the file system in which unpacked packages are where they would be installed, and
 * /etc has users, a resolver and a host name of its own. Programs that are compiled for their
 * paths, or start each other by them, run as they are. Nothing of the machine's is written.
 *
 * The resolver is 127.0.0.1, port 53, of the namespace.
 */
export class PackageHost {
  /** Free to use; everybody may read it, and it is there as it is outside. */
  readonly folder: string;
  readonly network: Namespace;
  readonly hostName: string;
  readonly #layers: readonly string[];

  private constructor(network: Namespace, folder: string, hostName: string, layers: string[]) {
    this.network = network;
    this.folder = folder;
    this.hostName = hostName;
    this.#layers = layers;
  }

  static async create(network: Namespace, options: PackageHostOptions): Promise<PackageHost> {
    const { packages, hostName = 'mx.test.example' } = options;
    const folder = await temporaryFolder();
    const root = join(folder, 'root');
    writeEtc(join(root, 'etc'), options, hostName);
    const trees = packages
      .map((name) => join(dirname(wrapperFolder), 'packages', name))
      .filter((tree) => existsSync(tree));
    return new PackageHost(network, folder, hostName, [root, ...trees]);
  }

  /** The same as `run`, with this view; a program is looked up in it. */
  run(program: string, args: readonly string[] = [], options?: RunOptions): Promise<RunResult> {
    return this.network.run('unshare', this.inside(program, args), options);
  }

  /** The same as `startServer`, with this view; its process id is the program's. */
  start(program: string, args: readonly string[], options: ServerOptions): Promise<Server> {
    return this.network.start('unshare', this.inside(program, args), options);
  }

  /** Gives a file or folder to a user who may be known in this view only. */
  async chown(user: string, path: string): Promise<void> {
    const { code, stderr } = await this.run('chown', ['-R', `${user}:`, path]);
    if (code !== 0) throw new Error(stderr);
  }

  private inside(program: string, args: readonly string[]): string[] {
    const layersOf = (name: string): string =>
      [...this.#layers.map((layer) => join(layer, name)).filter(existsSync), `/${name}`].join(':');
    const words = [this.hostName, layersOf('usr'), layersOf('etc'), program, ...args];
    return ['--mount', '--uts', 'sh', '-c', VIEW, 'sh', ...words];
  }
}

/** Arguments: host name, layers of /usr, layers of /etc, program and its arguments. */
const VIEW = `
set -e
hostname "$1"
# a layer alone (nothing is unpacked) cannot be mounted, and need not be
case $2 in *:*) mount -t overlay -o "lowerdir=$2" overlay /usr ;; esac
mount -t overlay -o "lowerdir=$3" overlay /etc
shift 3
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec "$@"
`;

function writeEtc(etc: string, options: PackageHostOptions, hostName: string): void {
  const { users = [], groups = [], hosts = [] } = options;
  mkdirSync(etc, { recursive: true });
  const names = [...users, ...groups];
  const newLines = (file: string, line: (name: string, id: number) => string): string =>
    names.map((name, at) => (has(file, name) ? '' : line(name, FIRST_ID + at))).join('');
  const append = (file: string, lines: string): void => {
    writeFileSync(join(etc, file), readFileSync(`/etc/${file}`, 'utf8') + lines);
  };
  append(
    'passwd',
    newLines('passwd', (name, id) =>
      users.includes(name) ? `${name}:x:${id}:${id}::/nonexistent:/usr/sbin/nologin\n` : '',
    ),
  );
  append(
    'group',
    newLines('group', (name, id) => `${name}:x:${id}:\n`),
  );
  const [short = hostName] = hostName.split('.');
  const own = [`127.0.0.1 localhost`, `127.0.1.1 ${hostName} ${short}`, '::1 localhost'];
  writeFileSync(join(etc, 'hosts'), `${[...own, ...hosts].join('\n')}\n`);
  writeFileSync(join(etc, 'hostname'), `${hostName}\n`);
  writeFileSync(join(etc, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n');
}

/** Ids of the packages' users; no machine that runs tests has people there. */
const FIRST_ID = 61_500;

function has(file: string, name: string): boolean {
  return readFileSync(`/etc/${file}`, 'utf8').includes(`\n${name}:`);
}
