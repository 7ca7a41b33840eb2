import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import type { AddressFacts } from '../../src/jobs/address-facts.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import type { RunResult } from '../helpers/run.js';
import { sekisho } from '../helpers/sekisho.js';
import { statisticsText } from '../helpers/statistics-text.js';

const CONFIG = `state: state
lists:
  asia: { countries: [KR, CN], except: [trusted] }
  home: { countries: [JP] }
  both: { lists: [asia, blocked] }
  trusted: { file: trusted.txt }
  blocked: { file: blocked.txt }
firewall:
  admins: [198.51.100.0/24]
  allow: [trusted]
  rules:
    - { name: ssh, tcp: [22], only: [home], action: reject }
    - { name: mail, tcp: [465, 587-589], udp: [53], deny: [asia], mode: observe }
dnsbl:
  zones:
    - name: bl.example.net
      keys: [secretkey1, secretkey2]
      lists:
        blocked: { code: 127.0.0.2, text: "by hand: $ ($reason)" }
        asia: { code: 127.0.0.4, text: "$ is in $cc, $prefix" }
    - { name: cc.example.net, kind: country }
    - { name: files.example.net, kind: rbldnsd, datasets: ["ip4set:absent.txt"] }
`;
const BLOCKED = `# by hand
203.0.113.7 until=2030-01-02T03:04:05Z since=2026-01-02 by=hiro spam \x1b[31mred
203.0.113.0/28 until=2001-01-01 old
192.0.2.0/24
`;
/** `only` needs somebody in each family. */
const JAPAN = [
  { cc: 'JP', start: '133.0.0.0', value: 65536 },
  { cc: 'JP', start: '2001:200::', value: 32 },
];

let folder: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeFile(join(folder, 'sekisho.yaml'), CONFIG);
  await writeFile(join(folder, 'blocked.txt'), BLOCKED);
  await writeFile(join(folder, 'trusted.txt'), '203.0.113.128-203.0.113.140\n');
  const records = [{ cc: 'KR', start: '203.0.113.0', value: 256 }, ...JAPAN];
  await writeFile(join(folder, 'delegated'), statisticsText({ records }));
  const reports = join(folder, 'state', 'reports');
  await mkdir(reports, { recursive: true });
  const row = (day: string, list: string, packets: number): object => ({
    rule: 'ssh',
    list,
    address: '203.0.113.7',
    packets,
    first: `${day}T01:00:00.000Z`,
    last: `${day}T02:00:00.000Z`,
  });
  const other = { ...row('2026-11-20', 'outside', 9), address: '203.0.113.77' };
  for (const [day, rows] of [
    ['2026-11-20', [row('2026-11-20', 'outside', 3), row('2026-11-20', 'asia', 1), other]],
    ['2026-11-21', [row('2026-11-21', 'outside', 4)]],
  ] as const) {
    const file = { format: 1, day, collection: 'x', rows };
    await writeFile(join(reports, `${day}.json`), JSON.stringify(file));
  }
});

async function why(...args: string[]): Promise<RunResult> {
  return sekisho(['why', '--from', 'delegated', ...args], { cwd: folder });
}

async function factsOf(address: string): Promise<AddressFacts> {
  const { stdout } = await why('--json', '--', address);
  return (JSON.parse(stdout) as [AddressFacts])[0];
}

describe('why --json', () => {
  test('tells lists, entries, rules, DNS answers and hits', async () => {
    const { holdings, entries, firewall, dns, hits, lists } = await factsOf('203.0.113.7');
    expect(lists).toEqual(['asia', 'blocked', 'both']);
    expect(holdings).toEqual([
      { list: 'asia', holds: true, cc: 'KR' },
      { list: 'both', holds: true, lists: ['asia', 'blocked'] },
      { list: 'blocked', holds: true, file: 'blocked.txt' },
    ]);
    const source = join(folder, 'blocked.txt');
    expect(entries).toEqual([
      {
        list: 'blocked',
        source,
        line: 2,
        text: '203.0.113.7',
        inForce: true,
        reason: 'spam \x1b[31mred',
        author: 'hiro',
        since: '2026-01-02T00:00:00.000Z',
        until: '2030-01-02T03:04:05.000Z',
      },
      {
        list: 'blocked',
        source,
        line: 3,
        text: '203.0.113.0/28',
        inForce: false,
        reason: 'old',
        author: null,
        since: null,
        until: '2001-01-02T00:00:00.000Z',
      },
    ]);
    expect(firewall).toMatchObject({ admin: null, allow: [] });
    expect(firewall?.denials).toMatchObject([
      { rule: 'blocked', list: 'blocked', action: 'drop', observes: false },
      { rule: 'ssh', action: 'reject', observes: false },
      { rule: 'mail', list: 'asia', observes: true },
    ]);
    expect(dns).toMatchObject([
      { zone: 'bl.example.net', hasKeys: true, rcode: 'NOERROR', a: ['127.0.0.2', '127.0.0.4'] },
      {
        zone: 'cc.example.net',
        hasKeys: false,
        rcode: 'NOERROR',
        a: ['127.0.1.154'],
        txt: ['kr'],
      },
      { zone: 'files.example.net', rcode: 'SERVFAIL', a: [], txt: [] },
    ]);
    expect(dns?.[0]?.txt.join('\n')).toMatch(/^203\.0\.113\.7 is in KR, 203\.0\.113\./m);
    expect(dns?.[2]?.failed).toContain('absent.txt');
    const first = '2026-11-20T01:00:00.000Z';
    expect(hits).toEqual([
      { rule: 'ssh', list: 'outside', packets: 7, first, last: '2026-11-21T02:00:00.000Z' },
      { rule: 'ssh', list: 'asia', packets: 1, first, last: '2026-11-20T02:00:00.000Z' },
    ]);
  });

  test('keys of zones are not told', async () => {
    expect((await why('--json', '--', '203.0.113.7')).stdout).not.toContain('secretkey');
  });

  test('tells what passes an address, and which list leaves it out', async () => {
    const allowed = await factsOf('203.0.113.130');
    expect(allowed.lists).toEqual(['trusted']);
    expect(allowed.holdings[0]).toEqual({
      list: 'asia',
      holds: false,
      cc: 'KR',
      except: ['trusted'],
    });
    expect(allowed.firewall).toMatchObject({ admin: null, allow: ['trusted'] });
    const admin = await factsOf('198.51.100.9');
    expect(admin.firewall).toMatchObject({ admin: '198.51.100.0/24', allow: [] });
    expect(admin.dns?.[0]).toMatchObject({ rcode: 'NXDOMAIN', a: [], txt: [] });
    expect(admin.hits).toEqual([]);
  });
});

describe('why --long', () => {
  test('is the line of one address, and a line for each further fact', async () => {
    const { stdout } = await why('--long', '--', '203.0.113.7');
    const [summary, ...lines] = stdout.trimEnd().split('\n');
    expect(`${summary}\n`).toBe((await why('--', '203.0.113.7')).stdout);
    expect(lines).toEqual([
      '    list asia: by KR',
      '    list both: by lists asia, blocked',
      '    list blocked: by blocked.txt',
      `    entry of blocked: ${folder}/blocked.txt:2: 203.0.113.7, “spam ?[31mred”, by hiro, ` +
        'since 2026-01-02T00:00:00Z, until 2030-01-02T03:04:05Z',
      `    entry of blocked: ${folder}/blocked.txt:3: 203.0.113.0/28, “old”, ` +
        'ran out at 2001-01-02T00:00:00Z',
      '    firewall: everything: drop: in blocked, which is blocked on all ports',
      '    firewall: tcp 22: reject: rule ssh lets only home pass',
      '    firewall: tcp 465, 587-589, udp 53: counts, and lets pass (drop where it is enforced): ' +
        'rule mail denies asia',
      expect.stringMatching(/^ {4}DNS bl\.example\.net \(below its keys\): 127\.0\.0\.2 127/),
      '    DNS cc.example.net: 127.0.1.154 “kr”',
      expect.stringMatching(/^ {4}DNS files\.example\.net: SERVFAIL: /),
      '    denied: 7 packets by rule ssh (outside), last 2026-11-21T02:00:00Z, ' +
        'first 2026-11-20T01:00:00Z',
      '    denied: 1 packets by rule ssh (asia), last 2026-11-20T02:00:00Z, ' +
        'first 2026-11-20T01:00:00Z',
    ]);
  });

  test('a report that cannot be read leaves out the hits alone, with exit code 3', async () => {
    const host = await temporaryFolder();
    for (const [name, text] of [
      ['sekisho.yaml', CONFIG],
      ['blocked.txt', BLOCKED],
      ['trusted.txt', ''],
      ['delegated', statisticsText({ records: JAPAN })],
    ] as const) {
      await writeFile(join(host, name), text);
    }
    const reports = join(host, 'state', 'reports');
    await mkdir(reports, { recursive: true });
    await writeFile(join(reports, '2026-11-20.json'), '{"address":"192.0.2.1"');
    const args = ['why', '--from', 'delegated', '--long', '--', '192.0.2.1'];
    const { code, stdout, stderr } = await sekisho(args, { cwd: host });
    expect(code).toBe(3);
    expect(stderr).toContain('last hits are left out');
    expect(stderr).toContain('2026-11-20.json is damaged');
    expect(stdout).toContain('drop: in blocked');
    expect(stdout).not.toContain('denied:');
  });
});
