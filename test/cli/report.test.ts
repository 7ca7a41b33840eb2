import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { ReportFolder } from '../../src/reports/folder.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import type { RunResult } from '../helpers/run.js';
import { sekisho } from '../helpers/sekisho.js';
import { statisticsText } from '../helpers/statistics-text.js';
import { collectFrom } from '../reports/readings.js';

const RECORDS = [
  { cc: 'CN', start: '218.24.0.0', value: 131072 },
  { cc: 'CN', start: '221.200.0.0', value: 262144 },
  { cc: 'KR', start: '1.16.0.0', value: 49152 },
  { cc: 'KR', start: '2001:220::', value: 32 },
];
const CONFIG = `state: state
lists: { asia: { countries: [CN, KR] }, home: { countries: [KR] } }
firewall:
  admins: [221.200.1.1]
  rules:
    - { name: mail, tcp: [25], deny: [asia] }
    - { name: ssh, tcp: [22], only: [home], action: reject }
    - { name: dns, udp: [53], only: [home], mode: observe }
`;

const MINUTE_MS = 60_000;
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

class Host {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  static async make(config = CONFIG): Promise<Host> {
    const host = new Host(await temporaryFolder());
    await writeFile(join(host.folder, 'sekisho.yaml'), config);
    await writeFile(join(host.folder, 'delegated'), statisticsText({ records: RECORDS }));
    return host;
  }

  get reports(): ReportFolder {
    return new ReportFolder(join(this.folder, 'state'));
  }

  /** Without data of the registries. */
  bare(args: readonly string[], input = ''): Promise<RunResult> {
    return sekisho(args, { cwd: this.folder, input });
  }

  run(args: readonly string[], input = ''): Promise<RunResult> {
    return this.bare([...args, '--from', 'delegated'], input);
  }

  /** What is denied a minute and two days ago. */
  collect(): void {
    const first = collectFrom(undefined, {
      at: ago(2 * 86_400_000),
      counters: { 'mail asia': 322 },
      hits: { 'mail asia': { '218.24.126.97': 322 } },
    });
    const second = collectFrom(first, {
      at: ago(MINUTE_MS),
      counters: { 'mail asia': 720, 'ssh outside': 9 },
      hits: {
        'mail asia': { '218.24.126.97': 322, '221.200.232.93': 398 },
        'ssh outside': { '2001:220::1': 4, '192.0.2.1': 2 },
      },
    });
    this.reports.add(first);
    this.reports.add(second);
  }
}

const cells = (text: string): string[][] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));

describe('report', () => {
  test('by address: whose it is, how often, by what', async () => {
    const host = await Host.make();
    host.collect();
    const { code, stdout, stderr } = await host.run(['report']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(cells(stdout)).toEqual([
      ['address', 'country', 'block', 'packets', 'first seen', 'last seen', 'list', 'rule'],
      ['221.200.232.93', 'CN China', '221.200.0.0 + 262144', '398', time, time, 'asia', 'mail'],
      ['218.24.126.97', 'CN China', '218.24.0.0 + 131072', '322', time, time, 'asia', 'mail'],
      ['2001:220::1', 'KR South Korea', '2001:220::/32', '4', time, time, 'outside', 'ssh'],
      ['not remembered', '-', '-', '3', time, time, 'outside', 'ssh'],
      ['192.0.2.1', '-', '-', '2', time, time, 'outside', 'ssh'],
    ]);
  });

  test('--days leaves out what is older', async () => {
    const host = await Host.make();
    host.collect();
    const { stdout } = await host.run(['report', '--days', '2', '--by', 'country']);
    expect(cells(stdout).map((line) => line.slice(0, 3))).toEqual([
      ['country', 'addresses', 'packets'],
      ['CN China', '1', '398'],
      ['KR South Korea', '1', '4'],
      ['not remembered', '0', '3'],
      ['-', '1', '2'],
    ]);
  });

  test('--json, by address, list and day', async () => {
    const host = await Host.make();
    host.collect();
    const json = async (...args: string[]): Promise<unknown> =>
      JSON.parse((await host.run(['report', '--json', ...args])).stdout);
    expect(await json()).toContainEqual({
      address: '221.200.232.93',
      cc: 'CN',
      country: 'China',
      delegation: {
        registry: 'apnic',
        cc: 'CN',
        start: '221.200.0.0',
        value: 262144,
        date: '20110412',
        status: 'allocated',
      },
      packets: 398,
      first: expect.any(String),
      last: expect.any(String),
      lists: ['asia'],
      rules: ['mail'],
    });
    expect(await json('--by', 'list')).toMatchObject([
      { list: 'asia', rule: 'mail', addresses: 2, packets: 720 },
      { list: 'outside', rule: 'ssh', addresses: 2, packets: 9 },
    ]);
    expect(await json('--by', 'day')).toEqual([
      { day: ago(2 * 86_400_000).slice(0, 10), packets: 322, addresses: 1 },
      { day: ago(MINUTE_MS).slice(0, 10), packets: 407, addresses: 3 },
    ]);
  });

  test('without registry data: lists and days in full, addresses without countries and exit 3', async () => {
    const host = await Host.make();
    host.collect();
    expect(await host.bare(['report', '--by', 'list'])).toMatchObject({ code: 0, stderr: '' });
    expect(await host.bare(['report', '--by', 'day'])).toMatchObject({ code: 0, stderr: '' });
    const { code, stdout, stderr } = await host.bare(['report']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^sekisho: countries are left out: no statistics file in /);
    expect(cells(stdout)[1]?.slice(0, 4)).toEqual(['221.200.232.93', '-', '-', '398']);
    expect(await host.bare(['report', '--by', 'country'])).toMatchObject({ code: 1, stdout: '' });
  });

  test('nothing collected: a head without lines, and an empty array', async () => {
    const host = await Host.make();
    expect((await host.run(['report', '--by', 'list'])).stdout.split('\n')).toHaveLength(2);
    expect((await host.run(['report', '--json'])).stdout).toBe('[]\n');
  });

  test('--log reads a kernel log, from a file or standard input', async () => {
    const host = await Host.make();
    const line = (rule: string, source: string): string =>
      `${ago(MINUTE_MS).slice(0, 19)}Z mx kernel: [1.5] sekisho ${rule}: IN=eth0 OUT= SRC=${source} DST=192.0.2.1 LEN=60 `;
    const lines = [
      line('mail asia', '221.200.232.93'),
      `${ago(MINUTE_MS).slice(0, 19)}Z mx kernel: [1.6] usb 1-1: new device`,
      line('mail asia', '221.200.232.93'),
      line('mail asia', '218.24.126.97'),
      'garbage \u0000 �',
    ].join('\n');
    await writeFile(join(host.folder, 'kern.log'), lines);
    const fromFile = await host.run(['report', '--log', 'kern.log']);
    expect(cells(fromFile.stdout).map(([address, , , packets]) => [address, packets])).toEqual([
      ['address', 'packets'],
      ['221.200.232.93', '2'],
      ['218.24.126.97', '1'],
    ]);
    expect(await host.run(['report', '--log', '-'], lines)).toEqual(fromFile);
    expect(host.reports.days()).toEqual([]); // shown, and not kept
  });

  test.each([
    [['report', '--log', 'absent.log'], 1, 'cannot read absent.log: there is no such folder'],
    [['report', '--log', '.'], 1, 'cannot read .: it is a folder'],
    [['report', '--days', '0'], 2, 'Expected a number of days from 1 to 9999.'],
    [['report', '--by', 'port'], 2, 'Allowed choices are address, country, list, day, check.'],
  ])('%s: exit %i', async (args, code, message) => {
    const host = await Host.make();
    const result = await host.run(args);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(message);
  });

  test('--collect needs a firewall', async () => {
    const host = await Host.make('state: state\n');
    const { code, stderr } = await host.bare(['report', '--collect']);
    expect(code).toBe(2);
    expect(stderr).toContain('has no firewall part');
  });
});

describe('why --port', () => {
  const why = async (...args: string[]): Promise<RunResult> =>
    (await Host.make()).run(['why', ...args]);

  test.each([
    [['221.200.232.93', '--port', '25'], 'tcp 25: drop: rule mail denies asia'],
    [['221.200.232.93', '--port', '22'], 'tcp 22: reject: rule ssh lets only home pass'],
    [['221.200.232.93', '--port', '80'], 'tcp 80: pass: no rule denies it'],
    [['221.200.232.93', '--port', '25', '--udp'], 'udp 25: pass: no rule denies it'],
    [
      ['221.200.232.93', '--port', '53', '--udp'],
      'udp 53: pass: rule dns lets only home pass; observed',
    ],
    [
      ['221.200.232.93', '--port', '25', '--forwarded'],
      'tcp 25: pass: addressed to another host, and firewall.forwarded is false',
    ],
    [['2001:220::1', '--port', '22'], 'tcp 22: pass: no rule denies it'],
    [['221.200.1.1', '--port', '25'], 'tcp 25: pass: one of firewall.admins'],
  ])('%s', async (args, end) => {
    const { code, stdout, stderr } = await why(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.trimEnd().split('  ').at(-1)).toBe(end);
  });

  test('--json gains rule and verdict, and only then', async () => {
    const judged = await why('--json', '221.200.232.93', '9.9.9.9', '--port', '25');
    expect(JSON.parse(judged.stdout)).toMatchObject([
      { address: '221.200.232.93', cc: 'CN', lists: ['asia'], rule: 'mail', verdict: 'deny' },
      { address: '9.9.9.9', cc: null, lists: [], rule: null, verdict: 'pass' },
    ]);
    const plain = JSON.parse((await why('--json', '221.200.232.93')).stdout) as object[];
    expect(Object.keys(plain[0] ?? {})).not.toContain('verdict');
    expect(Object.keys(plain[0] ?? {})).not.toContain('rule');
  });

  test.each([
    [['1.1.1.1', '--port', '0'], 'Expected a port from 1 to 65535.'],
    [['1.1.1.1', '--port', '65536'], 'Expected a port from 1 to 65535.'],
    [['1.1.1.1', '--udp'], '--udp needs --port'],
    [['1.1.1.1', '--forwarded'], '--forwarded needs --port'],
  ])('%s is refused', async (args, message) => {
    const { code, stderr } = await why(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test.each([
    ['a configuration without a firewall', 'state: state\n', 'sekisho.yaml has no firewall part'],
    ['no configuration', undefined, 'there is none'],
  ])('%s cannot say', async (_what, config, message) => {
    const host = await Host.make(config ?? '');
    const folder = config === undefined ? '/' : host.folder;
    const from = join(host.folder, 'delegated');
    const args = ['why', '1.1.1.1', '--port', '25', '--from', from];
    const { code, stderr } = await sekisho(args, { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('config check', () => {
  test('warns of what is allowed and seldom meant, and exits 0', async () => {
    const host = await Host.make();
    const { code, stdout, stderr } = await host.bare(['config', 'check']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/good, 2 lists\n$/);
    expect(stderr).toMatch(
      /^sekisho: warning: firewall rule mail: denies countries \(asia\), .*\n$/,
    );
  });
});
