import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect } from 'vitest';

import { type ServiceSnapshot, lookAtServices } from '../../src/jobs/service-snapshot.js';
import { readLastUpdate } from '../../src/jobs/last-update.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { ask } from '../helpers/dns-questions.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import { MAIN } from '../helpers/sekisho.js';
import type { Server } from '../helpers/server.js';
import { statisticsText } from '../helpers/statistics-text.js';
import { WEB_PORT, serveFolder } from '../helpers/web-folder.js';

const NEEDS = ['root', 'namespace', 'nft', 'dig', 'flock'];
const BLOCKED = '7.100.51.198.bl.example.net';
/** Other tests run beside this one. */
const PATIENCE = { timeout: 25_000, interval: 100 };

interface Changes {
  readonly drift?: string;
  readonly zones?: string;
  readonly state?: string;
}

function config({ drift = '1s', zones = '', state = 'state' }: Changes = {}): string {
  return `state: ${state}
sources:
  registries: [apnic]
  urls: { apnic: ['http://127.0.0.1:${WEB_PORT}/apnic'] }
  tries: 1
lists:
  east: { countries: [KR] }
  blocked: { file: blocked.txt }
firewall:
  rules:
    - { name: ssh, tcp: [22], deny: [east] }
dnsbl:
  listen: ['127.0.0.1:5300']
  zones:
    - { name: bl.example.net, lists: { blocked: { code: 127.0.0.2 } } }
    - { name: cc.example.net, kind: country }
${zones}
run: { drift_every: ${drift}, jitter: 1s }
schedule: '17 4 1 1 *'
`;
}

let network: Namespace;
let folder: string;
let daemon: Server;

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

async function table(): Promise<string> {
  return (await network.run('nft', ['list', 'table', 'inet', 'sekisho'])).stdout;
}

function sekisho(...args: string[]) {
  const words = [MAIN, ...args, '--config', join(folder, 'sekisho.yaml')];
  return network.run(process.execPath, words, { cwd: folder });
}

async function snapshot(): Promise<ServiceSnapshot> {
  const { snapshots: found } = await lookAtServices(join(folder, 'state'));
  expect(found.map(({ service }) => service)).toEqual(['run']);
  return found[0] as ServiceSnapshot;
}

function startDaemon(): Promise<Server> {
  const words = [MAIN, 'run', '--config', join(folder, 'sekisho.yaml')];
  return network.start(process.execPath, words, {
    cwd: folder,
    timeoutMs: 30_000,
    ready: async () => (await ask(network, BLOCKED, 'A')) === 'NOERROR 127.0.0.2',
  });
}

describe('run', () => {
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return;
    network = await Namespace.create();
    folder = await temporaryFolder();
    const web = join(folder, 'web');
    mkdirSync(web);
    const records = [
      { cc: 'KR', start: '203.0.113.0', value: 128 },
      { cc: 'JP', start: '192.0.2.0', value: 256 },
    ];
    writeFileSync(join(web, 'apnic'), statisticsText({ records }));
    await serveFolder(network, web);
    write('blocked.txt', '198.51.100.7 spam\n192.0.2.77 until=2020-01-01 # long over\n');
    write('sekisho.yaml', config());
    daemon = await startDaemon();
  });

  systemTest('updates at its first start, and everything follows', NEEDS, async () => {
    await expect.poll(table, PATIENCE).toContain('203.0.113.0/25');
    await expect
      .poll(() => ask(network, '5.2.0.192.cc.example.net', 'TXT'), PATIENCE)
      .toBe('NOERROR "jp"');
    await expect.poll(async () => (await snapshot()).lastRuns.length, PATIENCE).toBe(1);
    const record = readLastUpdate(join(folder, 'state'));
    expect(record).toMatchObject({
      trigger: 'daemon',
      exitCode: 0,
      expired: 1,
      firewall: 'applied',
      registries: [{ registry: 'apnic', outcome: 'updated' }],
    });
    expect(record?.lists).toContainEqual(
      expect.objectContaining({ list: 'east', ranges4: 1, addresses4: 128 }),
    );
    expect(readFileSync(join(folder, 'blocked.txt'), 'utf8')).toBe(
      '198.51.100.7 spam\n# expired: 192.0.2.77 until=2020-01-01 # long over\n',
    );
    const { nextRunAt, dnsbl, warnings } = await snapshot();
    expect(nextRunAt).toMatch(/^20\d\d-01-01T/);
    expect(dnsbl?.zones.map(({ name, state }) => [name, state])).toEqual([
      ['bl.example.net', 'ready'],
      ['cc.example.net', 'ready'],
    ]);
    expect(warnings).toEqual([]);
  });

  systemTest('a list that an editor writes is followed', NEEDS, async () => {
    write('blocked.txt', '198.51.100.7 spam\n198.51.100.9\n');
    await expect
      .poll(() => ask(network, '9.100.51.198.bl.example.net', 'A'), PATIENCE)
      .toBe('NOERROR 127.0.0.2');
    await expect.poll(table, PATIENCE).toContain('198.51.100.9');
  });

  systemTest('what others change in the kernel is put right, and told', NEEDS, async () => {
    await network.run('nft', ['delete', 'table', 'inet', 'sekisho']);
    await expect.poll(table, PATIENCE).toContain('203.0.113.0/25');
    await expect
      .poll(async () => (await snapshot()).drift?.repairs, PATIENCE)
      .toBeGreaterThanOrEqual(1);
    expect(daemon.output()).toMatch(/warning: the kernel did not hold what the configuration says/);
  });

  systemTest('a roll-back is left alone until somebody applies', NEEDS, async () => {
    expect((await sekisho('rollback')).code).toBe(0);
    const left = await table();
    await expect.poll(async () => (await snapshot()).drift?.heldBack, PATIENCE).toMatch(/^rolled/);
    expect(await table()).toBe(left);
    expect((await sekisho('apply')).code).toBe(0);
    await expect.poll(async () => (await snapshot()).drift?.heldBack, PATIENCE).toBeNull();
  });

  systemTest('SIGHUP: a wrong configuration changes nothing, a right one does', NEEDS, async () => {
    write('sekisho.yaml', config({ zones: '    - { name: b2.example.net, lists: { no: {} } }' }));
    daemon.signal('SIGHUP');
    await expect.poll(() => daemon.output(), PATIENCE).toMatch(/the old configuration stays/);
    expect(await ask(network, BLOCKED, 'A')).toBe('NOERROR 127.0.0.2');
    const zones = '    - { name: b2.example.net, lists: { blocked: { code: 127.0.0.3 } } }';
    write('sekisho.yaml', config({ zones, drift: '1h' }));
    daemon.signal('SIGHUP');
    await expect
      .poll(() => ask(network, '7.100.51.198.b2.example.net', 'A'), PATIENCE)
      .toBe('NOERROR 127.0.0.3');
  });

  systemTest('a second one is refused: the same state, or the same port', NEEDS, async () => {
    const same = await sekisho('run');
    expect(same.code).toBe(2);
    expect(same.stderr).toMatch(/another `sekisho run` \(process \d+\) works with/);
    write('other.yaml', config({ state: 'other' }));
    const words = [MAIN, 'run', '--config', join(folder, 'other.yaml')];
    const other = await network.run(process.execPath, words, { cwd: folder });
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(/cannot listen on 127\.0\.0\.1:5300 .*in use/);
  });

  systemTest('killed, it makes up for what it left at its next start', NEEDS, async () => {
    daemon.signal('SIGKILL');
    await expect.poll(() => ask(network, BLOCKED, 'A'), PATIENCE).not.toContain('NOERROR');
    write('blocked.txt', '198.51.100.7\n198.51.100.11\n'); // the kernel was not told
    daemon = await startDaemon();
    await expect.poll(table, PATIENCE).toContain('198.51.100.11');
    expect((await sekisho('plan')).stdout).toContain('the kernel holds what it should');
  });

  systemTest('ends with 0 within a second, and its socket goes', NEEDS, async () => {
    await expect.poll(() => daemon.output(), PATIENCE).toMatch(/info: keeping firewall, dnsbl/);
    const before = performance.now();
    await daemon.stop();
    expect(performance.now() - before).toBeLessThan(1000);
    expect((await lookAtServices(join(folder, 'state'))).snapshots).toEqual([]);
  });
});
