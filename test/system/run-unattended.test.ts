import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'vitest';

import { readLastUpdate } from '../../src/jobs/last-update.js';
import { type ServiceSnapshot, lookAtServices } from '../../src/jobs/service-snapshot.js';
import { factsPath } from '../../src/lists/feeds/facts.js';
import { takeLock } from '../../src/util/lock.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { ask } from '../helpers/dns-questions.js';
import { DnsblService } from '../helpers/dnsbl-service.js';
import { linkIptables, programsOf, variantOf } from '../helpers/iptables-variants.js';
import { Namespace } from '../helpers/namespace.js';
import { searchPath, systemTest } from '../helpers/programs.js';
import { MAIN } from '../helpers/sekisho.js';
import type { Server } from '../helpers/server.js';
import { serveFolder } from '../helpers/web-folder.js';

/* What services do while nobody looks, and when they are told to. */

const NEEDS = ['root', 'namespace', 'flock'];
/** Takes connections and never answers. */
const SILENT = "require('net').createServer(() => {}).listen(8098, '127.0.0.1')";
/** Other tests run beside this one. */
const PATIENCE = { timeout: 25_000, interval: 50 };
const LONGEST_MS = 90_000;

interface Host {
  readonly network: Namespace;
  readonly folder: string;
}

async function hostWith(files: Readonly<Record<string, string>>): Promise<Host> {
  const network = await Namespace.create();
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'web'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return { network, folder };
}

async function snapshotOf(folder: string): Promise<ServiceSnapshot> {
  const [found] = (await lookAtServices(join(folder, 'state'))).snapshots;
  if (found === undefined) throw new Error('no service answers');
  return found;
}

function startDaemon({ network, folder }: Host, env?: Record<string, string>): Promise<Server> {
  return network.start(process.execPath, [MAIN, 'run', '--config', 'sekisho.yaml'], {
    cwd: folder,
    timeoutMs: 30_000,
    ...(env && { env }),
    ready: async () => Boolean(await snapshotOf(folder)),
  });
}

systemTest(
  'a feed is asked for by its own interval',
  [...NEEDS, 'nft', 'dig'],
  async () => {
    const config = `state: state
lists: { feed: { url: 'http://127.0.0.1:8099/feed', every: 15m } }
exports: [{ file: feed.out, format: cidr }]
firewall: { rules: [{ name: all, deny: [feed] }] }
dnsbl:
  listen: ['127.0.0.1:5300']
  zones: [{ name: bl.example.net, lists: { feed: { code: 127.0.0.2 } } }]
`;
    const host = await hostWith({ 'sekisho.yaml': config, 'web/feed': '198.51.100.7\n' });
    const { network, folder } = host;
    await serveFolder(network, join(folder, 'web'));
    const daemon = await startDaemon(host);
    const isFollowed = async (last: number): Promise<void> => {
      await expect
        .poll(() => ask(network, `${last}.100.51.198.bl.example.net`, 'A'), PATIENCE)
        .toBe('NOERROR 127.0.0.2');
      await expect
        .poll(async () => (await network.run('nft', ['list', 'ruleset'])).stdout, PATIENCE)
        .toContain(`198.51.100.${last}`);
      expect(readFileSync(join(folder, 'feed.out'), 'utf8')).toContain(`198.51.100.${last}/32`);
    };
    await isFollowed(7);
    const { nextFeedAt = '', nextRunAt } = await snapshotOf(folder);
    expect(nextRunAt).toBeNull();
    const facts = factsPath(join(folder, 'state'), 'feed');
    const known = JSON.parse(readFileSync(facts, 'utf8')) as { checkedAt: string };
    expect(Date.parse(nextFeedAt) - Date.parse(known.checkedAt)).toBe(15 * 60_000);

    writeFileSync(join(folder, 'web/feed'), '198.51.100.7\n198.51.100.9\n');
    const before = new Date(Date.now() - 15 * 60_000).toISOString();
    writeFileSync(facts, JSON.stringify({ ...known, checkedAt: before, triedAt: before }));
    daemon.signal('SIGHUP'); // or it looks within 15 s
    await isFollowed(9);
    expect(daemon.output()).not.toMatch(/did not hold|error:/);
  },
  LONGEST_MS,
);

systemTest('SIGTERM ends an update that waits for a registry', NEEDS, async () => {
  const config = `state: state
sources: { registries: [apnic], urls: { apnic: ['http://127.0.0.1:8098/apnic'] } }
lists: { blocked: { file: blocked.txt } }
schedule: '17 4 1 1 *'
`;
  const host = await hostWith({ 'sekisho.yaml': config, 'blocked.txt': '198.51.100.7\n' });
  const { network, folder } = host;
  await network.start(process.execPath, ['-e', SILENT], {
    ready: async () => (await network.run('cat', ['/proc/net/tcp'])).stdout.includes(':1FA2 '),
  });
  const ended = network.run(process.execPath, [MAIN, 'run', '--config', 'sekisho.yaml'], {
    cwd: folder,
    timeoutMs: 40_000,
  });
  const connected = async (): Promise<string> =>
    (await network.run('cat', ['/proc/net/tcp'])).stdout.replace(/^.*:1FA2 .* 0A .*$/m, '');
  await expect.poll(connected, PATIENCE).toContain(':1FA2 ');
  const { pid } = await snapshotOf(folder);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  expect(children).toHaveLength(1);
  const toldMs = performance.now();
  process.kill(pid, 'SIGTERM');
  expect((await ended).code).toBe(0);
  expect(performance.now() - toldMs).toBeLessThan(2000);

  expect(() => process.kill(Number(children[0]), 0)).toThrow('ESRCH');
  const state = join(folder, 'state');
  expect(readdirSync(join(state, 'sources'))).toEqual([]);
  expect(readLastUpdate(state)).toMatchObject({ trigger: 'daemon', exitCode: 1 });
  const { lock } = await takeLock(state, { command: 'a test' });
  expect(lock).toBeDefined();
  lock?.release();
});

const IPTABLES = [...NEEDS, 'perl', ...programsOf('nft')];
systemTest(
  'iptables: a look when an entry ends; systemd hears that it lives',
  IPTABLES,
  async () => {
    const config = `state: state
lists: { blocked: { file: blocked.txt } }
firewall: { backend: iptables, rules: [{ name: all, deny: [blocked] }] }
run: { drift_every: 1h, hits_every: 1h }
`;
    const blocked = '198.51.100.7\n';
    const host = await hostWith({ 'sekisho.yaml': config, 'blocked.txt': blocked });
    const { network, folder } = host;
    const path = join(folder, 'notify');
    // a datagram socket that prints what it gets
    const script = `use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => '${path}') or die; $| = 1; while (1) { $s->recv(my $m, 4096); $m =~ s/\\n/|/g; print "$m\\n"; }`;
    const listener = await network.start('perl', ['-e', script], {
      ready: async () => (await network.run('test', ['-S', path])).code === 0,
    });
    const programs = join(folder, 'programs');
    await linkIptables(programs, 'nft');
    const startedMs = performance.now();
    const daemon = await startDaemon(host, {
      PATH: `${programs}:${searchPath}`,
      NOTIFY_SOCKET: path,
      WATCHDOG_USEC: '300000',
    });
    const rules = async (): Promise<string> =>
      (await network.run(variantOf('iptables-save', 'nft'))).stdout;
    await expect.poll(() => daemon.output(), PATIENCE).toMatch(/info: keeping firewall/);
    // longer than the host takes to follow
    const aheadMs = 3 * (performance.now() - startedMs);
    const until = new Date(Date.now() + aheadMs + 1000).toISOString().replace(/\.\d+Z$/, 'Z');
    writeFileSync(join(folder, 'blocked.txt'), `${blocked}198.51.100.9 until=${until}\n`);
    await expect.poll(rules, PATIENCE).toContain('198.51.100.9');
    expect(await rules()).toContain('198.51.100.9/32 -m time --datestop');
    // the kernel ends it by itself; the daemon takes away then what matches nothing any more
    await expect
      .poll(async () => (await snapshotOf(folder)).drift?.lastCheckAt ?? '', PATIENCE)
      .toSatisfy((time: string) => Date.parse(time) >= Date.parse(until));
    await expect.poll(rules, PATIENCE).not.toContain('198.51.100.9');
    expect(readFileSync(join(folder, 'blocked.txt'), 'utf8')).toBe(
      `${blocked}# expired: 198.51.100.9 until=${until}\n`,
    );
    expect((await snapshotOf(folder)).drift).toMatchObject({ repairs: 0, lastDifference: [] });
    expect(daemon.output()).not.toMatch(/warning:|error:/);

    const words = listener.output().split('\n');
    expect(words[0]).toMatch(/^READY=1\|STATUS=keeping firewall/);
    expect(words.filter((word) => word === 'WATCHDOG=1').length).toBeGreaterThan(2);
    await daemon.stop();
    await expect
      .poll(() => listener.output(), PATIENCE)
      .toMatch(/^STOPPING=1\|STATUS=stopping\n$/m);
    const { length } = listener.output();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(listener.output()).toHaveLength(length);
  },
  LONGEST_MS,
);

systemTest('serve: reload, snapshot, and warnings that stay true', [...NEEDS, 'dig'], async () => {
  const config = (code: string): string => `state: state
lists: { blocked: { file: blocked.txt } }
dnsbl:
  listen: ['127.0.0.1:5300']
  zones: [{ name: bl.example.net, lists: { blocked: { code: ${code} } } }]
`;
  const network = await Namespace.create();
  const files = { 'blocked.txt': '198.51.100.7\nnonsense\n', 'state/kept': '' };
  const service = await DnsblService.start(network, { config: config('127.0.0.2'), files });
  const { server, folder } = service;
  const answer = (last: number): Promise<string> =>
    ask(network, `${last}.100.51.198.bl.example.net`, 'A');
  const warnings = (): number => server.output().split('nonsense').length - 1;
  const first = await snapshotOf(folder);
  expect(first).toMatchObject({ service: 'serve', dnsbl: { listen: ['127.0.0.1:5300'] } });
  expect(warnings()).toBe(1);

  service.write('blocked.txt', '198.51.100.7\nnonsense\n198.51.100.9\n');
  await expect.poll(() => answer(9), PATIENCE).toBe('NOERROR 127.0.0.2');
  expect(warnings()).toBe(1);

  service.write('sekisho.yaml', config('of course'));
  server.signal('SIGHUP');
  await expect
    .poll(() => server.output(), PATIENCE)
    .toMatch(/error: the old configuration is kept/);
  expect(await answer(7)).toBe('NOERROR 127.0.0.2');
  expect((await snapshotOf(folder)).configuredAt).toBe(first.configuredAt);

  service.write('sekisho.yaml', config('127.0.0.3'));
  server.signal('SIGHUP');
  await expect.poll(() => answer(7), PATIENCE).toBe('NOERROR 127.0.0.3');
  expect((await snapshotOf(folder)).configuredAt > first.configuredAt).toBe(true);
  expect(warnings()).toBe(2); // whoever asks is told everything

  await server.stop();
  expect((await lookAtServices(join(folder, 'state'))).snapshots).toEqual([]);
});

systemTest('serve: a list that is broken at the start', [...NEEDS, 'dig'], async () => {
  const config = `state: state
lists: { blocked: { file: blocked.txt }, other: { file: other.txt } }
dnsbl:
  listen: ['127.0.0.1:5300']
  zones:
    - { name: bl.example.net, lists: { blocked: { code: 127.0.0.2 } } }
    - { name: but.example.net, lists: { blocked: { code: 127.0.0.2 } }, allow: [other] }
`;
  const network = await Namespace.create();
  const files = { 'blocked.txt': '198.51.100.7\n', 'state/kept': '' };
  const service = await DnsblService.start(network, { config, files });
  const { server, folder } = service;
  const answer = (): Promise<string> => ask(network, '7.100.51.198.but.example.net', 'A');
  const program = (...words: readonly string[]) =>
    network.run(process.execPath, [MAIN, ...words], { cwd: folder });
  expect(await answer()).toBe('SERVFAIL');
  expect(await ask(network, '7.100.51.198.bl.example.net', 'A')).toBe('NOERROR 127.0.0.2');
  expect(server.output()).toMatch(
    /warning: zone but\.example\.net: there is no usable content of its list other; SERVFAIL/,
  );
  expect(server.output()).toMatch(/error: list other is left out: .*other\.txt: no such file/);
  const status = await program('status');
  expect(status.code).toBe(1);
  expect(status.stdout).toMatch(/failure: .*zone but\.example\.net .*SERVFAIL/);
  expect(status.stdout).toMatch(/failure: list other cannot be read: .*no such file/);

  service.write('other.txt', '198.51.100.9\n');
  await expect.poll(answer, PATIENCE).toBe('NOERROR 127.0.0.2');
  service.write('other.txt', 'nonsense\n');
  await expect.poll(() => server.output(), PATIENCE).toMatch(/the old content of list other is/);
  expect(await answer()).toBe('NOERROR 127.0.0.2');

  await server.stop();
  rmSync(join(folder, 'blocked.txt'));
  const none = await program('serve');
  expect(none.code).toBe(1);
  expect(none.stderr).toMatch(/no zone could be loaded\n[^]*list blocked cannot be read/);
});
