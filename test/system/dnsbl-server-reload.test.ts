import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'vitest';

import { Agent } from '../helpers/agent.js';
import { LOAD, ask } from '../helpers/dns-questions.js';
import { DnsServerProcess, type TestZones, ZonesFile } from '../helpers/dns-server.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';

const NEEDS = ['root', 'namespace', 'dig'];
/** More for a longer run. */
const RELOADS = Number(process.env['SEKISHO_DNS_RELOADS'] ?? 10);

const zones = (code: string, count = 0): TestZones => ({
  zones: [{ name: 'bl.test', code, count, entries: [['10.0.0.0', '10.0.0.255', code]] }],
});

interface LoadResult {
  readonly answered: number;
  readonly lost: number;
  readonly wrong: readonly string[];
  readonly seen: Readonly<Record<string, number>>;
}

/** Every reply has to be the old zone's or the new one's. */
const questions = [
  { name: '2.0.0.10.bl.test', type: 'A', answers: ['NOERROR 127.0.0.2', 'NOERROR 127.0.0.3'] },
  { name: '4.0.0.20.bl.test', type: 'A', answers: ['NOERROR 127.0.0.2', 'NOERROR 127.0.0.3'] },
  { name: '5.0.0.20.bl.test', type: 'A', answers: ['NXDOMAIN '] },
].map((question) => ({ ...question, answers: question.answers.map((text) => text.trim()) }));

const begin = (load: Agent): Promise<unknown> =>
  load.ask({ do: 'start', address: '127.0.0.1', port: 5300, window: 50, questions });

for (const transport of ['auto', 'dgram']) {
  systemTest(`reloads under load lose nothing (${transport})`, NEEDS, async () => {
    const network = await Namespace.create();
    const file = await ZonesFile.create(zones('127.0.0.2', 200_000));
    const settings = { transport, watch: false };
    const server = await DnsServerProcess.start(network, file, { settings });
    const load = await Agent.start(network, LOAD);
    await begin(load);
    for (let k = 1; k <= RELOADS; k++) {
      file.write(zones(k % 2 === 1 ? '127.0.0.3' : '127.0.0.2', 200_000));
      expect(await server.ask('reload')).toEqual({ reloaded: true });
      await sleep(30);
    }
    const result = await load.ask<LoadResult>({ do: 'stop' });
    expect(result).toMatchObject({ lost: 0, wrong: [] });
    expect(result.answered).toBeGreaterThan(1000);
    expect(Object.keys(result.seen).sort()).toEqual([
      'NOERROR 127.0.0.2',
      'NOERROR 127.0.0.3',
      'NXDOMAIN',
    ]);
    expect((await server.end()).code).toBe(0);
  });
}

systemTest('memory of zones that were replaced is given back', NEEDS, async () => {
  const network = await Namespace.create();
  const file = await ZonesFile.create(zones('127.0.0.2', 500_000));
  const server = await DnsServerProcess.start(network, file, { settings: { watch: false } });
  const reload = async (times: number): Promise<number> => {
    for (let k = 0; k < times; k++) {
      expect(await server.ask('reload')).toEqual({ reloaded: true });
      await ask(network, '2.0.0.10.bl.test', 'A');
    }
    await sleep(500);
    return ((await server.ask('memory')) as { rss: number }).rss;
  };
  const early = await reload(5);
  // 30 more, each of 6 MB or more: kept, they would be more than all that there was
  expect(await reload(30)).toBeLessThan(early + 90e6);
});

systemTest('a file that changes, is replaced, or comes late is noticed', NEEDS, async () => {
  const network = await Namespace.create();
  const file = await ZonesFile.create(zones('127.0.0.2'));
  await DnsServerProcess.start(network, file);
  for (const code of ['127.0.0.3', '127.0.0.9', '127.0.0.5']) {
    file.write(zones(code));
    const said = (): Promise<string> => ask(network, '2.0.0.10.bl.test', 'A');
    await expect.poll(said, { timeout: 1500, interval: 50 }).toBe(`NOERROR ${code}`);
  }
});

systemTest('SIGHUP right after a file was replaced loads it once', NEEDS, async () => {
  const network = await Namespace.create();
  const file = await ZonesFile.create(zones('127.0.0.2', 100_000));
  const server = await DnsServerProcess.start(network, file);
  // what the first load saw is too new to be known as that
  await sleep(200);
  const loads = (): number => server.stderr.match(/answering for 1 zone/g)?.length ?? 0;
  const before = loads();
  for (const k of [1, 2, 3]) {
    file.write(zones(`127.0.0.${k + 2}`, 100_000));
    server.signal('SIGHUP');
    const said = (): Promise<string> => ask(network, '2.0.0.10.bl.test', 'A');
    await expect.poll(said, { timeout: 2000, interval: 20 }).toBe(`NOERROR 127.0.0.${k + 2}`);
    await sleep(200);
    expect(loads()).toBe(before + k);
  }
});

systemTest('SIGHUP, and the time that a zone names, load again', NEEDS, async () => {
  const network = await Namespace.create();
  const file = await ZonesFile.create({ ...zones('127.0.0.2'), nextChangeInMs: 400 });
  const server = await DnsServerProcess.start(network, file, { settings: { watch: false } });
  const said = (): Promise<string> => ask(network, '2.0.0.10.bl.test', 'A');
  file.write(zones('127.0.0.3'));
  await expect.poll(said, { timeout: 2000, interval: 50 }).toBe('NOERROR 127.0.0.3');
  file.write(zones('127.0.0.4'));
  await sleep(600);
  expect(await said()).toBe('NOERROR 127.0.0.3');
  server.signal('SIGHUP');
  await expect.poll(said, { timeout: 2000, interval: 50 }).toBe('NOERROR 127.0.0.4');
});

systemTest('what cannot be loaded leaves the old zones, and is told', NEEDS, async () => {
  const network = await Namespace.create();
  const other = { name: 'other.test', entries: [] };
  const good = zones('127.0.0.2');
  const file = await ZonesFile.create({ zones: [...good.zones, other] });
  const server = await DnsServerProcess.start(network, file, { settings: { watch: false } });
  const said = (): Promise<string> => ask(network, '2.0.0.10.bl.test', 'A');
  // one zone is broken, the other is new
  file.write({
    zones: [
      { name: 'bl.test', failed: 'file x: changed while it was read' },
      { ...other, serial: 9 },
    ],
  });
  expect(await server.ask('reload')).toEqual({ reloaded: true });
  expect(await said()).toBe('NOERROR 127.0.0.2');
  expect(await ask(network, 'other.test', 'SOA')).toMatch(/ 9 60 60 600 5$/);
  await server.said(/zone bl\.test: file x: changed while it was read; its old content is served/);
  // the loader refuses
  file.write({ ...zones('127.0.0.9'), throws: 'the list is gone' });
  expect(await server.ask('reload')).toEqual({ reloaded: false });
  await server.said(/could not be loaded again, the old ones are served: the list is gone/);
  expect(await said()).toBe('NOERROR 127.0.0.2');
  // the loader's thread dies, and with it what it knew
  file.write({ ...zones('127.0.0.9'), exits: true });
  expect(await server.ask('reload')).toEqual({ reloaded: false });
  await server.said(/the thread that loads zones ended with 3/);
  file.write({
    zones: [
      { name: 'bl.test', failed: 'no such file' },
      { ...other, serial: 10 },
    ],
  });
  expect(await server.ask('reload')).toEqual({ reloaded: false });
  await server.said(/all zones are served as they were, for the sake of bl\.test/);
  expect(await said()).toBe('NOERROR 127.0.0.2');
  file.write(zones('127.0.0.3'));
  expect(await server.ask('reload')).toEqual({ reloaded: true });
  expect(await said()).toBe('NOERROR 127.0.0.3');
});

systemTest('a load that failed is tried again, though no file changes', NEEDS, async () => {
  const network = await Namespace.create();
  const file = await ZonesFile.create(zones('127.0.0.2'));
  const server = await DnsServerProcess.start(network, file, { settings: { watchEveryMs: 300 } });
  file.write({ ...zones('127.0.0.3'), exitsWithout: `${file.path}.tried` });
  await server.said(/the old ones are served: .*the thread that loads zones ended with 3/);
  const said = (): Promise<string> => ask(network, '2.0.0.10.bl.test', 'A');
  await expect.poll(said, { timeout: 5000, interval: 50 }).toBe('NOERROR 127.0.0.3');
});

systemTest('the first load: SERVFAIL for one bad zone, no start for none', NEEDS, async () => {
  const network = await Namespace.create();
  const bad = { name: 'bad.test', failed: 'no such file' };
  const file = await ZonesFile.create({ zones: [...zones('127.0.0.2').zones, bad] });
  const server = await DnsServerProcess.start(network, file);
  expect(await ask(network, '2.0.0.10.bad.test', 'A')).toBe('SERVFAIL');
  expect(await ask(network, '2.0.0.10.bl.test', 'A')).toBe('NOERROR 127.0.0.2');
  await server.said(/zone bad\.test: no such file; SERVFAIL is served/);
  await server.end();
  file.write({ zones: [bad] });
  const none = await DnsServerProcess.start(network, file, { early: true });
  expect(await none.ended()).toBe(1);
  expect(none.stderr).toBe(
    'SourceError: no zone could be loaded\nzone bad.test: no such file; SERVFAIL is served\n',
  );
});

systemTest('a thread that dies under load is replaced within a second', NEEDS, async () => {
  const network = await Namespace.create();
  const file = await ZonesFile.create(zones('127.0.0.2', 1000));
  const server = await DnsServerProcess.start(network, file);
  const load = await Agent.start(network, LOAD);
  await begin(load);
  for (let k = 0; k < 3; k++) {
    await sleep(200);
    expect(await server.ask('kill')).toBe('killed');
    // what came meanwhile waited in the socket
    const began = performance.now();
    expect(await ask(network, '2.0.0.10.bl.test', 'A')).toBe('NOERROR 127.0.0.2');
    expect(performance.now() - began).toBeLessThan(1000);
  }
  const result = await load.ask<LoadResult>({ do: 'stop' });
  // a batch that was in the thread's hands went with it
  expect(result.lost).toBeLessThanOrEqual(3 * 64);
  expect(result.wrong).toEqual([]);
  expect(server.stderr.match(/a thread that answers queries died/g)).toHaveLength(3);
  const { all } = (await server.ask('statistics')) as { all: { listed: number } };
  expect(all.listed).toBeGreaterThan(result.answered / 2);
  expect((await server.end()).code).toBe(0);
});
