import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { temporaryFolder } from './cleanup.js';
import { ask } from './dns-questions.js';
import type { Namespace } from './namespace.js';
import { PackageHost } from './package-host.js';
import { wrapperFolder } from './programs.js';
import type { Server } from './server.js';

/*
 * Name servers and resolvers of others, in the foreground, with the part of their settings that a
 * test is about put into a frame: where they listen, no user to become, files in a folder that
 * goes with the test.
 */

/** Where a server is to listen; port 53 where left out. */
export interface Where {
  readonly address: string;
  readonly port?: number;
}

/** NSD with the settings of zones. It is ready when it answers, with or without zones. */
export async function startNsd(network: Namespace, zones: string, at: Where): Promise<Server> {
  const folder = await temporaryFolder();
  const file = join(folder, 'nsd.conf');
  const { address, port = 53 } = at;
  writeFileSync(
    file,
    `server:
  ip-address: ${address}@${port}
  zonesdir: "${folder}"
  database: ""
  pidfile: ""
  username: ""
  xfrdfile: "${folder}/xfrd.state"
  zonelistfile: "${folder}/zone.list"
  xfrdir: "${folder}"
  verbosity: 2
remote-control:
  control-enable: no
${zones}`,
  );
  return network.start('nsd', ['-d', '-c', file], { ready: () => answers(network, at) });
}

/** named with the settings of zones, and no recursion. */
export async function startNamed(
  network: Namespace,
  zones: string,
  at: Where,
  options = 'recursion no;',
): Promise<Server> {
  const folder = await temporaryFolder();
  const file = join(folder, 'named.conf');
  writeFileSync(file, namedSettings(folder, zones, at, options));
  return network.start('named', ['-g', '-c', file], { ready: () => answers(network, at) });
}

/** Nothing is written where an installed named keeps its files. */
export function namedSettings(
  folder: string,
  zones: string,
  { address, port = 53 }: Where,
  options = 'recursion no;\n  dnssec-validation no;',
): string {
  return `options {
  directory "${folder}";
  managed-keys-directory "${folder}";
  pid-file none;
  session-keyfile none;
  listen-on port ${port} { ${address}; };
  listen-on-v6 { none; };
  ${options}
};
controls { };
${zones}
`;
}

/** unbound with more settings, from the word `server:` or another clause on. */
export async function startUnbound(network: Namespace, more: string, at: Where): Promise<Server> {
  const folder = await temporaryFolder();
  const file = join(folder, 'unbound.conf');
  const { address, port = 53 } = at;
  writeFileSync(
    file,
    `server:
  interface: ${address}@${port}
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  num-threads: 1
  trust-anchor-file: ""
remote-control:
  control-enable: no
${more}`,
  );
  return network.start('unbound', ['-d', '-c', file], { ready: () => answers(network, at) });
}

/** dnsmasq with more settings. */
export async function startDnsmasq(network: Namespace, more: string, at: Where): Promise<Server> {
  const folder = await temporaryFolder();
  const file = join(folder, 'dnsmasq.conf');
  const { address, port = 53 } = at;
  mkdirSync(join(folder, 'empty'));
  writeFileSync(
    file,
    `port=${port}
listen-address=${address}
bind-interfaces
no-resolv
no-hosts
pid-file=
user=root
log-facility=-
${more}`,
  );
  return network.start('dnsmasq', ['--keep-in-foreground', '-C', file], {
    ready: () => answers(network, at),
  });
}

/** Whether anything is said there, be it a refusal. */
async function answers(network: Namespace, at: Where): Promise<boolean> {
  return (await ask(network, 'version.bind', 'TXT', { port: 53, ...at })) !== 'no reply';
}

/** systemd-resolved without a system bus, with lines of resolved.conf; at 127.0.0.53. */
export async function startResolved(network: Namespace, lines: string): Promise<Server> {
  const host = await PackageHost.create(network, { packages: [], users: ['systemd-resolve'] });
  const folder = join(host.folder, 'root/etc/systemd');
  mkdirSync(folder, { recursive: true });
  const text = `[Resolve]\nFallbackDNS=\nLLMNR=no\nMulticastDNS=no\n${lines}`;
  writeFileSync(join(folder, 'resolved.conf'), text);
  const script = `
mount -t tmpfs tmpfs /run
mkdir -p -m 755 /run/systemd/resolve
chown systemd-resolve: /run/systemd/resolve
exec "$1"`;
  const words = ['-ec', script, 'sh', join(wrapperFolder, 'systemd-resolved')];
  return host.start('sh', words, { ready: () => answers(network, { address: '127.0.0.53' }) });
}
