import { execFile } from 'node:child_process';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { expect } from 'vitest';

import { Agent } from '../helpers/agent.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { LOAD, ask } from '../helpers/dns-questions.js';
import { DnsServerProcess, type TestZones, ZonesFile } from '../helpers/dns-server.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';

const NEEDS = ['root', 'namespace', 'dig'];
const FUZZED = Number(process.env['SEKISHO_DNS_FUZZED'] ?? 20_000);

const ZONES: TestZones = {
  zones: [
    { name: 'bl.test', entries: [['10.0.0.0', '10.0.0.255', '127.0.0.4']] },
    { name: 'key.test', keys: ['geheim'], entries: [['10.0.0.0', '10.0.0.255', '127.0.0.4']] },
  ],
};

const questions = [{ name: '2.0.0.10.bl.test', type: 'A', answers: ['NOERROR 127.0.0.4'] }];
const AT = { address: '127.0.0.1', port: 5300 };

for (const transport of ['auto', 'dgram']) {
  systemTest(`ends with 0 within a second, idle and loaded (${transport})`, NEEDS, async () => {
    const network = await Namespace.create();
    const file = await ZonesFile.create(ZONES);
    const settings = { transport };
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      const idle = await DnsServerProcess.start(network, file, { settings });
      const ended = await idle.end(name);
      expect(ended.code).toBe(0);
      expect(ended.tookMs).toBeLessThan(1000);
    }
    const loaded = await DnsServerProcess.start(network, file, { settings });
    const load = await Agent.start(network, LOAD);
    await load.ask({ do: 'start', ...AT, window: 50, questions });
    // connections that nobody closes; the agent goes with the test
    load.ask({ do: 'crowd', ...AT, count: 30, waitMs: 3000 }).catch(() => undefined);
    await sleep(300);
    const ended = await loaded.end();
    expect(ended.code).toBe(0);
    expect(ended.tookMs).toBeLessThan(1000);
  });
}

systemTest('ends with 0 when told to before it has loaded', NEEDS, async () => {
  const network = await Namespace.create();
  const file = await ZonesFile.create(ZONES);
  const server = await DnsServerProcess.start(network, file, { delayMs: 20_000, early: true });
  await expect
    .poll(async () => (await network.run('cat', ['/proc/net/udp'])).stdout)
    .toContain('0100007F:14B4');
  await sleep(200);
  const ended = await server.end();
  expect(ended.code).toBe(0);
  expect(ended.tookMs).toBeLessThan(1000);
});

systemTest('statistics on SIGUSR1, and anew from SIGUSR2 on', NEEDS, async () => {
  const network = await Namespace.create();
  const server = await DnsServerProcess.start(network, await ZonesFile.create(ZONES));
  const listed =
    /^sekisho: stats for \d+secs zone bl\.test: tot=3 ok=2 nxd=1 err=0 in=\d+ out=\d+$/m;
  await ask(network, '2.0.0.10.bl.test', 'A');
  await ask(network, '2.0.0.10.bl.test', 'TXT', { address: '127.0.0.1', options: ['+tcp'] });
  await ask(network, '2.0.0.11.bl.test', 'A');
  await ask(network, 'example.net', 'A');
  server.signal('SIGUSR1');
  await server.said(listed);
  await server.said(/^sekisho: stats for \d+sec: tot=4 ok=2 nxd=1 err=1 in=\d+ out=\d+$/m);
  await server.said(/^sekisho: stats for \d+secs list list-127\.0\.0\.4: listed=2$/m);
  expect(server.stderr).not.toMatch(/inspector|Debugger/);
  await ask(network, '2.0.0.10.bl.test', 'A');
  // over a reload the counts go on
  await server.ask('reload');
  await ask(network, '2.0.0.10.bl.test', 'A');
  server.signal('SIGUSR2');
  await server.said(/zone bl\.test: tot=5 ok=4 nxd=1 err=0/);
  server.signal('SIGUSR1');
  await server.said(/zone bl\.test: tot=0 ok=0 nxd=0 err=0 in=0 out=0/);
});

systemTest('SIGUSR1 does not open the inspector while it starts', NEEDS, async () => {
  const network = await Namespace.create();
  const file = await ZonesFile.create(ZONES);
  const server = await DnsServerProcess.start(network, file, { delayMs: 700, early: true });
  await expect
    .poll(async () => (await network.run('cat', ['/proc/net/udp'])).stdout)
    .toContain('0100007F:14B4');
  server.signal('SIGUSR1');
  await server.ready();
  expect((await network.run('cat', ['/proc/net/tcp'])).stdout).not.toContain(':240D');
  expect(server.stderr).not.toMatch(/Debugger/);
});

systemTest('tells systemd when it is ready, reloads and stops', NEEDS, async () => {
  const network = await Namespace.create();
  const folder = await temporaryFolder();
  const path = join(folder, 'notify');
  // a datagram socket that prints what it gets
  const script = `use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => '${path}') or die; $| = 1; while (1) { $s->recv(my $m, 4096); $m =~ s/\\n/|/g; print "$m\\n"; }`;
  const listener = await network.start('perl', ['-e', script], {
    ready: async () => (await network.run('test', ['-S', path])).code === 0,
  });
  const server = await DnsServerProcess.start(network, await ZonesFile.create(ZONES), {
    env: { NOTIFY_SOCKET: path },
  });
  await expect
    .poll(() => listener.output())
    .toMatch(/^READY=1\|STATUS=answering on 127\.0\.0\.1:5300, \[::1\]:5300$/m);
  const before = process.hrtime.bigint() / 1000n;
  server.signal('SIGHUP');
  await expect.poll(() => listener.output()).toMatch(/^READY=1\|STATUS=loaded again$/m);
  const told = /^RELOADING=1\|MONOTONIC_USEC=(\d+)\|/m.exec(listener.output())?.[1];
  expect(BigInt(told ?? 0) >= before).toBe(true);
  expect(BigInt(told ?? 0) <= process.hrtime.bigint() / 1000n).toBe(true);
  expect((await server.end()).code).toBe(0);
  expect(listener.output()).toMatch(/^STOPPING=1\|STATUS=stopping$/m);
});

systemTest('the query log: form, keys, listed only, samples, rotation', NEEDS, async () => {
  const network = await Namespace.create();
  const folder = await temporaryFolder();
  const path = join(folder, 'queries');
  const file = await ZonesFile.create(ZONES);
  const all = await DnsServerProcess.start(network, file, {
    settings: { log: { which: 'all', sample: 1, file: path } },
  });
  await ask(network, '2.0.0.10.bl.test', 'A');
  await ask(network, '2.0.0.10.geheim.key.test', 'TXT', { address: '::1' });
  await ask(network, '2.0.0.10.falsch.key.test', 'A', { address: '127.0.0.1', options: ['+tcp'] });
  const lines = (): string[] =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.replace(/^\d{10} /, ''));
  await expect.poll(lines).toHaveLength(3);
  expect(lines().sort()).toEqual([
    expect.stringMatching(/^127\.0\.0\.1 2\.0\.0\.10\.\*\.key\.test A IN: REFUSED\/0\/\d+$/),
    expect.stringMatching(/^127\.0\.0\.1 2\.0\.0\.10\.bl\.test A IN: NOERROR\/1\/\d+$/),
    expect.stringMatching(/^::1 2\.0\.0\.10\.\*\.key\.test TXT IN: NOERROR\/1\/\d+$/),
  ]);
  renameSync(path, `${path}.1`);
  all.signal('SIGHUP');
  await expect.poll(() => ask(network, '3.0.0.10.bl.test', 'A').then(lines)).not.toHaveLength(0);
  await all.end();

  const listed = await DnsServerProcess.start(network, file, {
    settings: { log: { which: 'listed', sample: 0.5 } },
  });
  for (const last of [1, 2, 3, 4]) {
    await ask(network, `${last}.0.0.10.bl.test`, 'A');
    await ask(network, `${last}.0.0.11.bl.test`, 'A');
  }
  await listed.said(/ 4\.0\.0\.10\.bl\.test A IN/);
  expect(listed.stderr.match(/ 127\.0\.0\.1 .*\.bl\.test A IN/g)).toHaveLength(2);
  await listed.end();
});

systemTest('a log that nobody reads holds up nothing', NEEDS, async () => {
  const network = await Namespace.create();
  const folder = await temporaryFolder();
  const pipe = join(folder, 'pipe');
  await promisify(execFile)('mkfifo', [pipe]);
  // open for reading, and never read
  const reader = await network.start('sh', ['-c', `exec 3<>"$0"; echo open; sleep 60`, pipe], {
    ready: () => true,
  });
  await expect.poll(() => reader.output()).toBe('open\n');
  const server = await DnsServerProcess.start(network, await ZonesFile.create(ZONES), {
    settings: { log: { which: 'all', sample: 1, file: pipe } },
  });
  const load = await Agent.start(network, LOAD);
  await load.ask({ do: 'start', ...AT, window: 50, questions });
  await server.said(/\d+ queries are not in the log: it could not be written so fast/, 20_000);
  expect(await load.ask({ do: 'stop' })).toMatchObject({ lost: 0, wrong: [] });
  const ended = await server.end();
  expect(ended.code).toBe(0);
  expect(ended.tookMs).toBeLessThan(1000);
});

systemTest('TCP: pipelines, slow clients, clients that never read, crowds', NEEDS, async () => {
  const network = await Namespace.create();
  const tcp = { idleMs: 1200, idleCrowdedMs: 900, connections: 20, connectionsPerClient: 30 };
  const server = await DnsServerProcess.start(network, await ZonesFile.create(ZONES), {
    settings: { tcp },
  });
  const load = await Agent.start(network, LOAD);
  const queries = await load.ask<string[]>({
    do: 'queries',
    name: '2.0.0.10.bl.test',
    count: 3000,
  });
  const talk = (
    request: Record<string, unknown>,
  ): Promise<{
    bytes: number;
    ids: number[];
    closedMs?: number;
  }> => load.ask({ do: 'converse', ...AT, ...request });

  // all in one piece, and cut in the middle of everything; the replies come in order
  const ids = queries.map((_, k) => k);
  const whole = await talk({ pieces: [queries.join('')], forMs: 500 });
  expect(whole.ids).toEqual(ids);
  const bytes = queries.slice(0, 20).join('').match(/.{2}/g) ?? [];
  const cut = await talk({ pieces: bytes, pauseMs: 1, forMs: 8000 });
  expect(cut.ids).toEqual(ids.slice(0, 20));
  // closed by idle time only
  expect(cut.closedMs).toBeGreaterThan(500);
  // a client that ends its side still gets its replies
  const half = await talk({ pieces: [queries.join('')], halfClose: true, forMs: 2000 });
  expect(half.ids).toEqual(ids);

  // a query that never ends: bytes alone keep no connection open
  const slow = await talk({ pieces: Array<string>(40).fill('00'), pauseMs: 100, forMs: 6000 });
  expect(slow.closedMs).toBeLessThan(4000);
  const silent = await talk({ pieces: [], forMs: 6000 });
  expect(silent.closedMs).toBeLessThan(4000);
  // a length that no query has
  const large = await talk({ pieces: ['ffff'], forMs: 4000 });
  expect(large.closedMs).toBeLessThan(1000);

  // never reads: the server keeps little for it and closes
  const before = ((await server.ask('memory')) as { rss: number }).rss;
  const pieces = Array<string>(300).fill(queries.join(''));
  await talk({ pieces, reads: false, forMs: 2500 });
  const after = ((await server.ask('memory')) as { rss: number }).rss;
  expect(after - before).toBeLessThan(60e6);

  // the one that was silent longest goes, the newcomer stays
  const crowd = await load.ask({ do: 'crowd', ...AT, count: 25, waitMs: 400 });
  expect(crowd).toEqual({ closed: 5, lastOpen: true });
  const later = await load.ask({ do: 'crowd', ...AT, count: 15, waitMs: 3000 });
  expect(later).toMatchObject({ closed: 15 });
  expect(await ask(network, '2.0.0.10.bl.test', 'A')).toBe('NOERROR 127.0.0.4');
});

systemTest('a client has no more connections than it may', NEEDS, async () => {
  const network = await Namespace.create();
  await DnsServerProcess.start(network, await ZonesFile.create(ZONES), {
    settings: { tcp: { connectionsPerClient: 4 } },
  });
  const load = await Agent.start(network, LOAD);
  const crowd = await load.ask({ do: 'crowd', ...AT, count: 9, waitMs: 1000 });
  expect(crowd).toEqual({ closed: 5, lastOpen: false });
});

for (const transport of ['auto', 'dgram']) {
  systemTest(
    `mutated packets, valid ones in between (${transport})`,
    NEEDS,
    async () => {
      const network = await Namespace.create();
      const server = await DnsServerProcess.start(network, await ZonesFile.create(ZONES), {
        settings: { transport },
      });
      const load = await Agent.start(network, LOAD);
      const throwSome = (count: number, seed: number): Promise<Record<string, number>> =>
        load.ask({ do: 'fuzz', ...AT, count, seed, question: '2.0.0.10.bl.test' });
      const first = await throwSome(FUZZED / 10, 1);
      const early = ((await server.ask('memory')) as { rss: number }).rss;
      const rest = await throwSome(FUZZED * 0.9, 2);
      for (const { asked, answered } of [first, rest]) expect(answered).toBe(asked);
      expect(((await server.ask('memory')) as { rss: number }).rss).toBeLessThan(early * 1.1);
      expect(server.stderr).not.toMatch(/defect|died/);
      expect((await server.end()).code).toBe(0);
    },
    120_000,
  );
}
