import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { PackageHost } from './package-host.js';
import type { Namespace } from './namespace.js';
import type { RunResult } from './run.js';

/** What the tests that start an Exim need. */
export const EXIM_NEEDS = ['exim4', 'namespace'];

/** Exim in a namespace: takes mail for every user of test.example, and throws it away. */
export class Exim {
  readonly host: PackageHost;
  readonly #config: string;

  private constructor(host: PackageHost) {
    this.host = host;
    this.#config = join(host.folder, 'exim.conf');
  }

  /** Listening on port 2525 of every address. @param acl statements of the ACL for RCPT */
  static async start(network: Namespace, acl: string): Promise<Exim> {
    const host = await PackageHost.create(network, { packages: ['exim'], users: ['Debian-exim'] });
    const exim = new Exim(host);
    mkdirSync(join(host.folder, 'spool'));
    await host.chown('Debian-exim', join(host.folder, 'spool'));
    writeFileSync(join(host.folder, 'rcpt.acl'), acl);
    writeFileSync(exim.#config, configText(host));
    await host.start('exim4', ['-C', exim.#config, '-bdf'], {
      ready: async () => (await host.run('cat', ['/proc/net/tcp'])).stdout.includes(':09DD'),
    });
    return exim;
  }

  /** The program with this configuration. */
  run(args: readonly string[], input = ''): Promise<RunResult> {
    return this.host.run('exim4', ['-C', this.#config, ...args], { input });
  }
}

function configText({ folder, hostName }: PackageHost): string {
  return `primary_hostname = ${hostName}
domainlist local_domains = test.example : ${hostName}
daemon_smtp_ports = 2525
spool_directory = ${folder}/spool
log_file_path = ${folder}/spool/%slog
pid_file_path = ${folder}/spool/exim.pid
host_lookup =
keep_environment =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
acl_smtp_rcpt = acl_check_rcpt
qualify_domain = test.example
begin acl
acl_check_rcpt:
  require domains = +local_domains
.include ${folder}/rcpt.acl
  accept
begin routers
all:
  driver = accept
  transport = nowhere
begin transports
nowhere:
  driver = appendfile
  file = /dev/null
`;
}
