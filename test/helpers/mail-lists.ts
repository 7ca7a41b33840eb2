import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { temporaryFolder } from './cleanup.js';
import { DnsblService } from './dnsbl-service.js';
import { startUnbound } from './name-servers.js';
import type { Namespace } from './namespace.js';
import type { PackageHost } from './package-host.js';
import { MAIN, sekisho } from './sekisho.js';
import type { Server } from './server.js';
import type { SmtpClient } from './smtp.js';

/** A key that no reply may name, nor the zone that it belongs to. */
export const SECRETS = ['k3y-7f9a2c', 'bl.example.net'];

/** What a test with lists needs, beside its mail server. */
export const MAIL_LIST_NEEDS = ['unbound', 'dig', 'namespace'];

/** Clients by what the lists say of them. */
export const CLIENTS = {
  rejected: '203.0.113.7',
  /** The same; a mail server may remember what it has once asked. */
  rejectedToo: '203.0.113.70',
  deferred: '203.0.113.8',
  /** In the list that refuses, and in the one that approves. */
  approved: '198.51.100.66',
  unlisted: '192.0.2.10',
  rejected6: '2001:db8:bad::7',
  deferred6: '2001:db8:1a7e::7',
  gateway: '192.0.2.25',
} as const;

const FILES = {
  'spammers.txt': '203.0.113.7 sent spam\n203.0.113.70\n198.51.100.66\n2001:db8:bad::/48\n',
  'later.txt': '203.0.113.8\n2001:db8:1a7e::/48\n',
  'trusted.txt': '198.51.100.66\n',
  'countries.csv': '203.0.113.0,203.0.113.255,KR\n',
};

const LISTS = `
sources: { csv: [countries.csv] }
lists:
  spammers: { file: spammers.txt }
  later: { file: later.txt, action: tempfail }
  trusted: { file: trusted.txt }
  korea: { countries: [KR] }
`;

const APPROVED_ZONE = `
    - name: wl.example.net
      approved: true
      lists:
        trusted: { code: 127.0.0.2, text: known }
    - { name: cc.example.net, kind: country }
`;

/** One zone for both actions, below a key; and one that approves. */
export const MIXED_CONFIG = `${LISTS}
dnsbl:
  listen: ['127.0.0.3:53']
  zones:
    - name: bl.example.net
      keys: [k3y-7f9a2c]
      lists:
        spammers: { code: 127.0.0.2, text: 'blocked by hand: $ ($reason)' }
        later: { code: 127.0.0.4, text: 'country list: $' }
${APPROVED_ZONE}`;

/** A zone for each action, for who cannot tell return codes apart. */
export const SPLIT_CONFIG = `${LISTS}
dnsbl:
  listen: ['127.0.0.3:53']
  zones:
    - name: no.bl.example.net
      keys: [k3y-7f9a2c]
      lists:
        spammers: { code: 127.0.0.2, text: 'blocked by hand: $' }
    - name: later.bl.example.net
      keys: [k3y-7f9a2c]
      lists:
        later: { code: 127.0.0.4, text: 'country list: $' }
${APPROVED_ZONE}`;

const MTA = `
mta:
  host_name: mx.test.example
  domains: [test.example]
  known_hosts: [${CLIENTS.gateway}]
  texts:
    reject: 'Not from you [$address]'
`;

const ZONES = ['bl', 'no.bl', 'later.bl', 'wl', 'cc'].map((zone) => `${zone}.example.net`);

/** Knows our zones, and that there is nothing else; no packet leaves for the root servers. */
const RESOLVER = `
server:
  do-not-query-localhost: no
  module-config: "iterator"
  local-zone: "." static
  local-zone: "example.net." transparent
${ZONES.map((zone) => `stub-zone:\n  name: "${zone}"\n  stub-addr: 127.0.0.3\n`).join('')}`;

/** The same when it has noticed that our server is gone: it gives it up at once. */
const RESOLVER_THAT_KNOWS = `
server:
  outbound-msg-retry: 1
  unknown-server-time-limit: 50
  infra-cache-max-rtt: 100
${RESOLVER}`;

/** A DNSBL that a mail server's resolver reaches, and the configurations printed for it. */
export class MailLists {
  readonly folder: string;
  readonly #service: DnsblService;
  readonly #network: Namespace;
  readonly #resolver: Server;

  private constructor(network: Namespace, service: DnsblService, resolver: Server) {
    this.#resolver = resolver;
    this.#network = network;
    this.#service = service;
    this.folder = service.folder;
  }

  /** The DNSBL, its resolver on 127.0.0.1, and the clients' addresses. */
  static async start(network: Namespace, config = MIXED_CONFIG, more = ''): Promise<MailLists> {
    await network.addAddresses(Object.values(CLIENTS));
    const zone = config === MIXED_CONFIG ? 'bl' : 'no.bl';
    const service = await DnsblService.start(network, {
      config: config + MTA + more,
      files: FILES,
      probe: `2.0.0.127.k3y-7f9a2c.${zone}.example.net`,
      at: { address: '127.0.0.3', port: 53 },
    });
    const resolver = await startUnbound(network, RESOLVER, { address: '127.0.0.1' });
    return new MailLists(network, service, resolver);
  }

  /** `mta print`, by name of the piece. */
  async print(...args: string[]): Promise<Record<string, string>> {
    const out = await temporaryFolder();
    const words = ['mta', 'print', ...args, '--out', out];
    const { code, stderr } = await sekisho([
      ...words,
      '--config',
      join(this.folder, 'sekisho.yaml'),
    ]);
    if (code !== 0) throw new Error(`sekisho ${words.join(' ')}: ${code} ${stderr}`);
    const pieces = PIECES.filter((name) => existsSync(join(out, name)));
    return Object.fromEntries(pieces.map((name) => [name, readFileSync(join(out, name), 'utf8')]));
  }

  /** What `mta doctor` complains of, and its exit code, on a host with one mail server. */
  async complaints(host: PackageHost, server: string, file: string): Promise<string> {
    const config = join(this.folder, 'sekisho.yaml');
    const words = [MAIN, 'mta', 'doctor', server, '--file', file, '--config', config];
    const { code, stdout, stderr } = await host.run(process.execPath, words);
    const lines = stdout.split('\n').filter((line) => /^(FAILURE|warning)/.test(line));
    if (!stdout.includes('zone-used')) throw new Error(stdout + stderr);
    return [String(code), ...lines].join('\n');
  }

  /** The resolver gets no answer any more, and says so (SERVFAIL) soon. */
  async stop(): Promise<void> {
    await this.#service.server.stop();
    await this.#resolver.stop();
    await startUnbound(this.#network, RESOLVER_THAT_KNOWS, { address: '127.0.0.1' });
  }
}

const PIECES = [
  ...['sekisho-main.cf', 'sekisho-exempt', 'sekisho-replies'],
  ...['sekisho-postscreen.cf', 'sekisho-postscreen-replies'],
  ...['sekisho.mc', 'sekisho-rules.mc', 'sekisho-access', 'run', 'sekisho-rcpt.acl'],
  ...['rbl.conf', 'rbl_group.conf', 'force_actions.conf', 'external_relay.conf', 'options.inc'].map(
    (name) => `local.d/${name}`,
  ),
  ...['sekisho.cf', 'sekisho.pre'],
];

/** What a mail server does with a client: the words of the table in docs/mail.md. */
export type Ask = (client: string, recipient?: string) => Promise<string>;

/**
 * The cells of a row of docs/mail.md, found out: three digits of a reply, or another short word.
 * The DNSBL is stopped for the last.
 */
export async function observedRow(lists: MailLists, ask: Ask): Promise<string[]> {
  const { rejected, rejectedToo, deferred, approved, unlisted, rejected6, deferred6 } = CLIENTS;
  const replies = await Promise.all([
    ask(rejected),
    ask(deferred),
    ask(rejected, 'postmaster@test.example'),
    ask(approved),
    ask(unlisted),
    ask(rejected6),
    ask(deferred6),
  ]);
  await lists.stop();
  return [...replies, await ask(rejectedToo)];
}

/** The same by what a mail server replies to recipients, with all that it said. */
export async function rowByReplies(
  lists: MailLists,
  client: SmtpClient,
): Promise<{ readonly row: string[]; readonly said: string }> {
  const said: string[] = [];
  const row = await observedRow(lists, async (from, recipient = 'user@test.example') => {
    const reply = await client.recipientReply({ from, recipients: [recipient] });
    said.push(reply);
    return reply.slice(0, 3);
  });
  return { row, said: said.join('\n') };
}
