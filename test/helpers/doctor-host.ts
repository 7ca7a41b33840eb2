import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Finding } from '../../src/mta/doctor/finding.js';
import { cleanUp, temporaryFolder } from './cleanup.js';
import { DnsblService } from './dnsbl-service.js';
import { Namespace } from './namespace.js';
import type { RunOptions, RunResult } from './run.js';
import { MAIN } from './sekisho.js';

/** Runs a program somewhere: in a namespace, or in one with packages. */
interface Runner {
  run(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
}

/** What the doctor said. */
export interface Examined {
  readonly code: number;
  readonly output: string;
  readonly findings: readonly Finding[];
}

/** A host with a resolv.conf of its own and the DNSBL on port 5300, for `sekisho mta doctor`. */
export class DoctorHost {
  readonly network: Namespace;
  readonly service: DnsblService;

  private constructor(network: Namespace, service: DnsblService) {
    this.network = network;
    this.service = service;
  }

  static async create(
    config: string,
    files: Readonly<Record<string, string>>,
  ): Promise<DoctorHost> {
    const network = await Namespace.create();
    // `ip netns exec` lays these files over those of /etc
    const etc = `/etc/netns/${network.name}`;
    mkdirSync(etc, { recursive: true });
    cleanUp(() => rmSync(etc, { recursive: true, force: true }));
    const service = await DnsblService.start(network, { config, files });
    const host = new DoctorHost(network, service);
    host.resolveBy('127.0.0.1');
    return host;
  }

  resolveBy(...servers: readonly string[]): void {
    const lines = servers.map((address) => `nameserver ${address}\n`);
    writeFileSync(`/etc/netns/${this.network.name}/resolv.conf`, lines.join(''));
  }

  /** Another configuration beside that of the service, which goes on with its own. */
  writeConfig(name: string, text: string): string {
    const path = join(this.service.folder, name);
    writeFileSync(path, text);
    return path;
  }

  async examine(
    words: readonly string[],
    config = join(this.service.folder, 'sekisho.yaml'),
    runner: Runner = this.network,
  ): Promise<Examined> {
    const all = [MAIN, 'mta', 'doctor', ...words, '--config', config, '--timeout', '0.5', '--json'];
    const { code, stdout, stderr } = await runner.run(process.execPath, all);
    if (stderr !== '') throw new Error(stderr);
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    return { code, output: stdout, findings };
  }
}

/** A folder with Postfix's configuration, to be asked with postconf and postmap; not to be run. */
export async function postfixFolder(
  restrictions: string,
  { main = '', master = '', replies = '', chroot = '' } = {},
): Promise<string> {
  const folder = await temporaryFolder();
  const spool = join(folder, 'spool');
  mkdirSync(join(spool, 'etc'), { recursive: true });
  if (chroot !== '') writeFileSync(join(spool, 'etc/resolv.conf'), chroot);
  const text = `compatibility_level = 3.6
mail_owner = daemon
setgid_group = mail
queue_directory = ${spool}
rbl_reply_maps = texthash:$config_directory/replies
smtpd_recipient_restrictions = reject_unauth_destination, ${restrictions}
${main}`;
  writeFileSync(join(folder, 'main.cf'), text);
  writeFileSync(join(folder, 'master.cf'), `smtp inet n - n - - smtpd\n${master}`);
  writeFileSync(join(folder, 'replies'), replies);
  return folder;
}
