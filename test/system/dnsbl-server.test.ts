import { chmodSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';

import { expect } from 'vitest';

import { Agent } from '../helpers/agent.js';
import { DnsServerProcess, type TestZones, ZonesFile } from '../helpers/dns-server.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import { LOAD, ask, folderWithoutKoffi } from '../helpers/dns-questions.js';

const NEEDS = ['root', 'namespace', 'dig'];

const ZONES: TestZones = {
  zones: [
    {
      name: 'bl.test',
      entries: [
        ['10.0.0.0', '10.0.0.255', '127.0.0.4'],
        ['127.0.0.2', '127.0.0.2', '127.0.0.2'],
      ],
    },
  ],
};

systemTest('dig over UDP and TCP, IPv4 and IPv6, with EDNS and without', NEEDS, async () => {
  const network = await Namespace.create();
  await DnsServerProcess.start(network, await ZonesFile.create(ZONES));
  for (const address of ['127.0.0.1', '::1']) {
    for (const how of [['+notcp'], ['+tcp'], ['+noedns'], ['+bufsize=1232']]) {
      const at = { address, options: how };
      expect(await ask(network, '2.0.0.127.bl.test', 'A', at)).toBe('NOERROR 127.0.0.2');
      expect(await ask(network, '9.0.0.10.bl.test', 'TXT', at)).toBe('NOERROR "10.0.0.9"');
      expect(await ask(network, '1.0.0.127.bl.test', 'A', at)).toBe('NXDOMAIN');
      expect(await ask(network, 'example.net', 'A', at)).toBe('REFUSED');
    }
  }
});

systemTest('a socket on every address answers from the one that was asked', NEEDS, async () => {
  const network = await Namespace.create();
  await network.addAddresses([
    '192.0.2.7/32',
    '192.0.2.8/32',
    '2001:db8::7/128',
    '2001:db8::8/128',
  ]);
  const listen = [
    { address: '0.0.0.0', port: 5300 },
    { address: '::', port: 5300 },
  ];
  for (const transport of ['auto', 'dgram']) {
    const settings = { listen, transport };
    const server = await DnsServerProcess.start(network, await ZonesFile.create(ZONES), {
      settings,
    });
    // dig refuses a reply that comes from another address
    for (const address of ['127.0.0.1', '192.0.2.8', '192.0.2.7', '2001:db8::7', '2001:db8::8']) {
      for (const options of [['+notcp'], ['+tcp']]) {
        const at = { address, options };
        expect(await ask(network, '2.0.0.127.bl.test', 'A', at)).toBe('NOERROR 127.0.0.2');
      }
    }
    expect((await server.end()).code).toBe(0);
  }
});

systemTest('several threads at one address', NEEDS, async () => {
  const network = await Namespace.create();
  const server = await DnsServerProcess.start(network, await ZonesFile.create(ZONES), {
    settings: { workers: 2 },
  });
  const load = await Agent.start(network, LOAD);
  for (let k = 0; k < 8; k++) {
    await load.ask({
      do: 'start',
      address: '127.0.0.1',
      port: 5300,
      window: 10,
      questions: [{ name: '2.0.0.127.bl.test', type: 'A', answers: ['NOERROR 127.0.0.2'] }],
    });
    expect(await load.ask({ do: 'stop' })).toMatchObject({ lost: 0, wrong: [] });
  }
  expect((await server.end()).code).toBe(0);
});

systemTest('without koffi it says so in a line and answers all the same', NEEDS, async () => {
  const network = await Namespace.create();
  const { driver, env } = await folderWithoutKoffi();
  const server = await DnsServerProcess.start(network, await ZonesFile.create(ZONES), {
    driver,
    env,
  });
  expect(server.stderr).toContain(
    "sekisho: UDP goes through Node's own sockets, which are slower: native calls are not available: Cannot find module 'koffi'\n",
  );
  for (const options of [['+notcp'], ['+tcp']]) {
    const at = { address: '127.0.0.1', options };
    expect(await ask(network, '2.0.0.127.bl.test', 'A', at)).toBe('NOERROR 127.0.0.2');
  }
  expect(await server.end()).toMatchObject({ code: 0 });
});

systemTest(
  'a program that its user may not read: that is said, and nothing starts',
  NEEDS,
  async () => {
    const network = await Namespace.create();
    const { driver, env } = await folderWithoutKoffi();
    chmodSync(dirname(driver), 0o700);
    const server = await DnsServerProcess.start(network, await ZonesFile.create(ZONES), {
      driver,
      env,
      settings: { user: 'nobody' },
      early: true,
    });
    expect(await server.ended()).toBe(1);
    expect(server.stderr).toMatch(
      /SystemError: user nobody may not read this program, which lies in .*: install it where/,
    );
  },
);

systemTest('a port in use, an address that is not there, an unknown user', NEEDS, async () => {
  const network = await Namespace.create();
  const zones = await ZonesFile.create(ZONES);
  await DnsServerProcess.start(network, zones);
  const failing = async (settings: Record<string, unknown>): Promise<string> => {
    const server = await DnsServerProcess.start(network, zones, { settings, early: true });
    const code = await server.ended();
    return `${String(code)} ${server.stderr.trim()}`;
  };
  expect(await failing({})).toMatch(
    /^1 SystemError: cannot listen on 127\.0\.0\.1:5300 \(TCP\): the port is in use by another/,
  );
  const listen = [{ address: '192.0.2.99', port: 5300 }];
  expect(await failing({ listen })).toMatch(
    /^1 SystemError: cannot listen on 192\.0\.2\.99:5300 \(TCP\): this host does not have the addr/,
  );
  expect(await failing({ listen: [{ address: '127.0.0.9', port: 5300 }], user: 'no-such' })).toBe(
    '2 UsageError: there is no user no-such on this host; make it, or name another',
  );
  expect(await failing({ listen: [] })).toMatch(/^2 UsageError: no address to listen on/);
});

systemTest('a UDP port in use alone is an error too', NEEDS, async () => {
  const network = await Namespace.create();
  const zones = await ZonesFile.create(ZONES);
  const script = `require('dgram').createSocket('udp4').bind(5300, '127.0.0.1', () => console.log('up'))`;
  await network.start(process.execPath, ['-e', script], {
    ready: async () =>
      (await network.run('cat', ['/proc/net/udp'])).stdout.includes('0100007F:14B4'),
  });
  for (const settings of [{}, { workers: 2 }, { transport: 'dgram' }]) {
    const server = await DnsServerProcess.start(network, zones, { settings, early: true });
    expect(await server.ended()).toBe(1);
    expect(server.stderr).toMatch(/cannot listen on 127\.0\.0\.1:5300 \(UDP\): the port is in use/);
  }
});

systemTest('binds port 53 as root, then is nobody in every thread', NEEDS, async () => {
  const network = await Namespace.create();
  const listen = [{ address: '127.0.0.1', port: 53 }];
  const server = await DnsServerProcess.start(network, await ZonesFile.create(ZONES), {
    settings: { listen, user: 'nobody' },
  });
  const at = { address: '127.0.0.1', port: 53 };
  expect(await ask(network, '2.0.0.127.bl.test', 'A', at)).toBe('NOERROR 127.0.0.2');
  await server.ask('kill');
  await server.said(/another takes its place/);
  await expect.poll(() => ask(network, '2.0.0.127.bl.test', 'A', at)).toBe('NOERROR 127.0.0.2');
  const tasks = readdirSync(`/proc/${server.pid}/task`);
  expect(tasks.length).toBeGreaterThan(5);
  for (const task of tasks) {
    const status = readFileSync(`/proc/${server.pid}/task/${task}/status`, 'utf8');
    expect(/^Uid:\s+(.*)$/m.exec(status)?.[1]).toBe('65534\t65534\t65534\t65534');
    expect(/^Gid:\s+(.*)$/m.exec(status)?.[1]).toBe('65534\t65534\t65534\t65534');
    expect(/^Groups:\s*(.*)$/m.exec(status)?.[1]?.trim()).toBe('65534');
    expect(/^CapEff:\s+(.*)$/m.exec(status)?.[1]).toBe('0000000000000000');
  }
  // without the right to bind
  const other = await DnsServerProcess.start(network, await ZonesFile.create(ZONES), {
    settings: { listen, user: 'nobody' },
    early: true,
  });
  expect(await other.ended()).toBe(1);
});

systemTest('a root folder: no thread sees another, and one waits for another', NEEDS, async () => {
  const network = await Namespace.create();
  const zones = await ZonesFile.create(ZONES);
  const root = dirname(zones.path);
  const settings = { root, user: 'nobody', workers: 2 };
  const server = await DnsServerProcess.start(network, zones, { settings });
  const rootsOfAll = (): string[] =>
    readdirSync(`/proc/${server.pid}/task`).map((task) =>
      readlinkSync(`/proc/${server.pid}/task/${task}/root`),
    );
  expect(new Set(rootsOfAll())).toEqual(new Set([root]));
  zones.write({ zones: [{ ...ZONES.zones[0], name: 'bl.test', serial: 2 }] });
  expect(await server.ask('reload')).toEqual({ reloaded: true });
  await server.ask('kill');
  await server.said(/another takes its place/);
  for (let k = 0; k < 20; k++) {
    await expect.poll(() => ask(network, '2.0.0.127.bl.test', 'A')).toBe('NOERROR 127.0.0.2');
  }
  expect(new Set(rootsOfAll())).toEqual(new Set([root]));
  await server.ask('kill');
  expect(await server.ended()).toBe(1);
  expect(server.stderr).toMatch(
    /and the one that was kept for its place before: it is to be start/,
  );
});

systemTest('a root folder whose loader ends', NEEDS, async () => {
  const network = await Namespace.create();
  const zones = await ZonesFile.create(ZONES);
  const settings = { root: dirname(zones.path) };
  const server = await DnsServerProcess.start(network, zones, { settings });
  zones.write({ zones: [], exits: true });
  expect(await server.ended()).toBe(1);
  expect(server.stderr).toMatch(/the thread that loads zones ended with .*: it is to be started/);
});
