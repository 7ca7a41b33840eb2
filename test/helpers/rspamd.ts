import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { PackageHost } from './package-host.js';
import type { Namespace } from './namespace.js';

/** What the tests that start an rspamd need. */
export const RSPAMD_NEEDS = ['rspamd', 'rspamadm', 'curl', 'namespace'];

/** What rspamd says of a message. */
export interface RspamdVerdict {
  readonly action: string;
  readonly symbols: Readonly<Record<string, { readonly score: number }>>;
  readonly messages?: Readonly<Record<string, string>>;
}

/** rspamd in a namespace, with the package's configuration and pieces in its local.d. */
export class Rspamd {
  readonly host: PackageHost;

  private constructor(host: PackageHost) {
    this.host = host;
  }

  /** @param pieces files below /etc/rspamd, such as `local.d/rbl.conf` */
  static async start(
    network: Namespace,
    pieces: Readonly<Record<string, string>>,
  ): Promise<Rspamd> {
    const host = await PackageHost.create(network, { packages: ['rspamd'], users: ['_rspamd'] });
    const folder = join(host.folder, 'root', 'etc', 'rspamd');
    for (const [name, text] of Object.entries({ ...LOCAL, ...pieces })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    for (const name of ['data', 'run']) mkdirSync(join(host.folder, name));
    await host.chown('_rspamd', join(host.folder, 'data'));
    const rspamd = new Rspamd(host);
    await host.start('rspamd', ['-f', '-i', ...rspamd.#paths()], {
      timeoutMs: 30_000,
      ready: async () => (await rspamd.#curl('/ping')).startsWith('pong'),
    });
    return rspamd;
  }

  /** What `rspamadm configtest` says. */
  async configTest(): Promise<string> {
    const { code, stdout, stderr } = await this.host.run('rspamadm', ['configtest']);
    return `${code} ${stdout}${stderr}`;
  }

  /** The verdict on a message that came from this address. */
  async check(ip: string, recipient = 'user@test.example', more = ''): Promise<RspamdVerdict> {
    const date = 'Date: Sun, 22 Nov 2026 01:00:00 +0000\r\nMessage-ID: <1@s.example>\r\n';
    const addresses = `From: A <a@s.example>\r\nTo: ${recipient}\r\n`;
    const message = `${more}${date}${addresses}Subject: hello\r\n\r\nHello.\r\n`;
    const headers = { IP: ip, Helo: 'c.example', From: 'a@s.example', Rcpt: recipient };
    const words = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const text = await this.#curl('/checkv2', [...words, '--data-binary', '@-'], message);
    return JSON.parse(text) as RspamdVerdict;
  }

  async #curl(path: string, words: readonly string[] = [], input = ''): Promise<string> {
    const url = `http://127.0.0.1:11333${path}`;
    const { stdout } = await this.host.network.run('curl', ['-s', '-m', '20', ...words, url], {
      input,
      timeoutMs: 25_000,
    });
    return stdout;
  }

  #paths(): string[] {
    const { folder } = this.host;
    return [
      `--var=DBDIR=${folder}/data`,
      `--var=RUNDIR=${folder}/run`,
      `--var=LOGDIR=${folder}/data`,
    ];
  }
}

/** Only what judges by lists: no Redis, no other lists, no asking about the message's links. */
const OFF = [
  ...['rspamd_update', 'forged_recipients', 'multimap', 'url_redirector', 'elastic', 'metadata'],
  ...['fuzzy_check', 'asn', 'dkim', 'spf', 'dmarc', 'arc', 'phishing', 'mid', 'hfilter'],
  ...['surbl', 'whitelist', 'bayes_expiry', 'neural', 'greylist', 'ratelimit', 'replies'],
  ...[
    'history_redis',
    'mime_types',
    'chartable',
    'once_received',
    'maillist',
    'trie',
    'dkim_signing',
  ],
];

const LOCAL: Readonly<Record<string, string>> = {
  // compiling the domains of the world takes it half a minute
  'override.d/options.inc': 'disable_hyperscan = true;\nurl_tld = "/etc/rspamd/tlds";\n',
  tlds: '// of the tests\nexample\n',
  'local.d/logging.inc': 'type = "console";\nlevel = "warning";\n',
  'local.d/worker-normal.inc': 'bind_socket = "127.0.0.1:11333";\ncount = 1;\n',
  'local.d/worker-controller.inc': 'enabled = false;\n',
  'local.d/worker-proxy.inc': 'enabled = false;\n',
  'local.d/worker-fuzzy.inc': 'enabled = false;\n',
  ...Object.fromEntries(OFF.map((name) => [`local.d/${name}.conf`, 'enabled = false;\n'])),
};
