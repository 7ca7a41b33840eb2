import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { PackageHost } from './package-host.js';
import type { Namespace } from './namespace.js';
import type { RunResult } from './run.js';
import type { Server } from './server.js';

/** What the tests that start a Postfix need. */
export const POSTFIX_NEEDS = ['postfix', 'postconf', 'namespace'];

export interface PostfixOptions {
  /** Lines of main.cf behind those that every test has; later ones win. */
  readonly main?: string;
  /** Lines of master.cf beyond smtpd on port 2525 and what delivers to nowhere. */
  readonly master?: string;
  /** Files beside main.cf, by name; `$config_directory/NAME` names them in main.cf. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * Postfix in a namespace: mx.test.example takes mail for every user of test.example and of itself,
 * and throws it away. Only 127.0.0.1 is its own network. Clients are not looked up by name.
 */
export class Postfix {
  readonly host: PackageHost;
  readonly configFolder: string;
  #server: Server | undefined;

  private constructor(host: PackageHost) {
    this.host = host;
    this.configFolder = join(host.folder, 'postfix');
  }

  /** Written, not started: for `postconf` and `postfix check`. */
  static async prepare(network: Namespace, options: PostfixOptions = {}): Promise<Postfix> {
    const host = await PackageHost.create(network, {
      packages: ['postfix'],
      users: ['postfix'],
      groups: ['postdrop'],
    });
    const postfix = new Postfix(host);
    mkdirSync(postfix.configFolder);
    for (const name of ['spool', 'lib']) mkdirSync(join(host.folder, name));
    await host.chown('postfix', join(host.folder, 'lib'));
    postfix.configure(options);
    return postfix;
  }

  /** Listening on every address of the namespace. */
  static async start(network: Namespace, options: PostfixOptions = {}): Promise<Postfix> {
    const postfix = await Postfix.prepare(network, options);
    // makes the folders of the queue
    const { code } = await postfix.run('postfix', ['check']);
    if (code !== 0) throw new Error(`postfix check: ${postfix.log()}`);
    await postfix.again();
    return postfix;
  }

  /** Starts its daemon, after {@link stop} once more. */
  async again(): Promise<void> {
    const words = ['-c', this.configFolder, '-d'];
    const before = this.log().length;
    const ready = (): boolean => this.log().slice(before).includes('daemon started');
    try {
      this.#server = await this.host.start('/usr/lib/postfix/sbin/master', words, { ready });
    } catch (error) {
      throw new Error(`Postfix does not start:\n${this.log()}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  /** Writes configuration files; a Postfix that runs reads them after {@link reload}. */
  configure({ main = '', master = '', files = {} }: PostfixOptions): void {
    this.#write('main.cf', mainText(this.host) + main);
    this.#write('master.cf', MASTER + master);
    for (const [name, text] of Object.entries(files)) this.#write(name, text);
  }

  async reload(options: PostfixOptions): Promise<void> {
    const before = this.log().length;
    this.configure(options);
    this.#server?.signal('SIGHUP');
    for (const end = Date.now() + 10_000; !this.log().slice(before).includes('reload --');) {
      if (Date.now() > end) throw new Error(`no reload: ${this.log().slice(before)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** One of Postfix's programs, with this configuration. */
  run(program: string, args: readonly string[], input?: string): Promise<RunResult> {
    const words = ['-c', this.configFolder, ...args];
    return this.host.run(program, words, input === undefined ? {} : { input });
  }

  /** Everything that it has logged. */
  log(): string {
    try {
      return readFileSync(join(this.host.folder, 'maillog'), 'utf8');
    } catch {
      return ''; // nothing yet
    }
  }

  #write(name: string, text: string): void {
    const path = join(this.configFolder, name);
    writeFileSync(path, text);
    // Postfix waits a second or two for a file that may still be being written
    utimesSync(path, 0, 0);
  }
}

function mainText({ folder, hostName }: PackageHost): string {
  return `compatibility_level = 3.6
queue_directory = ${folder}/spool
data_directory = ${folder}/lib
myhostname = ${hostName}
mydestination = ${hostName}, test.example
mynetworks = 127.0.0.1/32
inet_protocols = all
alias_maps =
alias_database =
local_recipient_maps =
local_transport = discard
smtpd_peername_lookup = no
smtpd_tls_security_level = none
maillog_file = ${folder}/maillog
maillog_file_prefixes = ${folder}
`;
}

/** Nothing in a chroot. */
const MASTER = `2525 inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
`;
