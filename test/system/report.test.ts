import { readFileSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { programsOf } from '../helpers/iptables-variants.js';
import type { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import type { RunResult } from '../helpers/run.js';
import { MAIN } from '../helpers/sekisho.js';
import { statisticsText } from '../helpers/statistics-text.js';
import { joinedNamespaces } from '../helpers/veth-pair.js';

const NEEDS = ['nft', 'ip', 'namespace'];
const KNOCK = fileURLToPath(new URL('../helpers/knock.mjs', import.meta.url));
const KILL = fileURLToPath(new URL('../helpers/kill-at-call.mjs', import.meta.url));

const RECORDS = [
  { cc: 'CN', start: '218.24.0.0', value: 131072 },
  { cc: 'CN', start: '221.200.0.0', value: 262144 },
  { cc: 'CN', start: '2001:250::', value: 35 },
];
const ONE = '221.200.232.93';
const TWO = '218.24.126.97';
const SIX = '2001:250::1';

/** A mail server that denies a country, and somebody who knocks from there. */
class Host {
  readonly server: Namespace;
  readonly client: Namespace;
  readonly folder: string;

  constructor(server: Namespace, client: Namespace, folder: string) {
    this.server = server;
    this.client = client;
    this.folder = folder;
  }

  static async make(more = '', backend = 'nftables'): Promise<Host> {
    const { server, client } = await joinedNamespaces([`${ONE}/32`, `${TWO}/32`, `${SIX}/128`]);
    const host = new Host(server, client, await temporaryFolder());
    await writeFile(join(host.folder, 'delegated'), statisticsText({ records: RECORDS }));
    await writeFile(
      join(host.folder, 'sekisho.yaml'),
      `state: state
lists: { asia: { countries: [CN] } }
firewall: { backend: ${backend}, rules: [{ name: mail, tcp: [25], deny: [asia], log: true }]${more} }
`,
    );
    await host.done('apply', '--from', 'delegated');
    return host;
  }

  run(args: readonly string[], env: Record<string, string> = {}): Promise<RunResult> {
    const words = env['KILL_AT'] === undefined ? [] : ['--import', KILL];
    return this.server.run(process.execPath, [...words, MAIN, ...args], {
      cwd: this.folder,
      env: { SSH_CONNECTION: '', ...env },
    });
  }

  async done(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
    return stdout;
  }

  /** Knocks at port 25 so many times from each address. */
  async knock(times: Record<string, number>): Promise<void> {
    for (const [address, count] of Object.entries(times)) {
      const to = address.includes(':') ? '2001:db8::1' : '192.0.2.1';
      const { code, stderr } = await this.client.run(process.execPath, [KNOCK, to, '25'], {
        input: `${address} ${count}\n`,
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    }
  }

  /** Packets by address, as the report tells them. */
  async told(): Promise<Record<string, number>> {
    const text = await this.done('report', '--json', '--from', 'delegated');
    const rows = JSON.parse(text) as { address: string | null; packets: number }[];
    return Object.fromEntries(rows.map(({ address, packets }) => [String(address), packets]));
  }
}

describe('report of real packets', () => {
  systemTest('398 from one address, 322 from another, both China', NEEDS, async () => {
    const host = await Host.make();
    await host.knock({ [ONE]: 398, [TWO]: 322, [SIX]: 5 });
    expect(await host.done('report', '--collect')).toBe('');
    const table = await host.done('report', '--from', 'delegated');
    const rows = table
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(rows).toEqual([
      ['address', 'country', 'block', 'packets', 'first seen', 'last seen', 'list', 'rule'],
      [ONE, 'CN China', '221.200.0.0 + 262144', '398', time, time, 'asia', 'mail'],
      [TWO, 'CN China', '218.24.0.0 + 131072', '322', time, time, 'asia', 'mail'],
      [SIX, 'CN China', '2001:250::/35', '5', time, time, 'asia', 'mail'],
    ]);
    const seenMs = Date.parse(rows[1]?.[5] ?? '');
    expect(Math.abs(Date.now() - seenMs)).toBeLessThan(60_000);
    const byCountry = await host.done('report', '--by', 'country', '--from', 'delegated');
    expect(byCountry).toMatch(/\nCN China\t3\t725\t/);
    expect(await host.done('report', '--by', 'list')).toMatch(/\nasia\tmail\t3\t725\t/);
  });

  systemTest('nothing is told twice, and a flush loses nothing', NEEDS, async () => {
    const host = await Host.make();
    await host.knock({ [ONE]: 4, [TWO]: 2 });
    await host.done('report', '--collect');
    await host.done('report', '--collect');
    expect(await host.told()).toEqual({ [ONE]: 4, [TWO]: 2 });
    await host.knock({ [ONE]: 1 });
    await host.done('flush'); // collects what is there before it goes
    await host.done('apply', '--from', 'delegated');
    await host.knock({ [ONE]: 7 }); // more than it had before: no counter went down
    await host.done('update', '--from', 'delegated');
    expect(await host.told()).toEqual({ [ONE]: 12, [TWO]: 2 });
  });

  systemTest('a roll-back loses nothing', NEEDS, async () => {
    const host = await Host.make();
    await host.knock({ [ONE]: 4 });
    await host.done('rollback'); // to no rules at all
    expect(await host.told()).toEqual({ [ONE]: 4 });
    await host.done('apply', '--from', 'delegated');
    await host.knock({ [ONE]: 7 }); // more than it had before: no counter went down
    await host.done('report', '--collect');
    expect(await host.told()).toEqual({ [ONE]: 11 });
  });

  systemTest(
    'a backend that takes the place of another loses nothing',
    [...NEEDS, ...programsOf('nft')],
    async () => {
      const host = await Host.make();
      const file = join(host.folder, 'sekisho.yaml');
      const total = async (): Promise<number> =>
        Object.values(await host.told()).reduce((sum, packets) => sum + packets, 0);
      let knocks = 0;
      for (const [backend, command] of [
        ['iptables', 'update'],
        ['nftables', 'apply'],
      ] as const) {
        await host.knock({ [ONE]: 4 });
        knocks += 4;
        const text = readFileSync(file, 'utf8');
        await writeFile(file, text.replace(/backend: \w+/, `backend: ${backend}`));
        await host.done(command, '--from', 'delegated');
        expect(await total()).toBe(knocks);
        await host.knock({ [ONE]: 7 }); // more than it had before: no counter went down
        knocks += 7;
        await host.done('report', '--collect');
        expect(await total()).toBe(knocks);
      }
    },
  );

  systemTest('a table that others removed and an apply put back', NEEDS, async () => {
    const host = await Host.make();
    await host.knock({ [ONE]: 4, [TWO]: 2 });
    await host.done('report', '--collect');
    await host.server.run('nft', ['flush', 'ruleset']);
    await host.done('report', '--collect');
    await host.done('apply', '--from', 'delegated');
    await host.knock({ [ONE]: 3 });
    await host.done('report', '--collect');
    expect(await host.told()).toEqual({ [ONE]: 7, [TWO]: 2 });
  });

  systemTest('packets beyond a full hit set are told without address', NEEDS, async () => {
    const host = await Host.make(', hits: { size: 1 }');
    await host.knock({ [ONE]: 3, [TWO]: 2 });
    await host.done('report', '--collect');
    expect(await host.told()).toEqual({ [ONE]: 3, null: 2 });
  });

  systemTest('killed anywhere, and run again: every packet is told once', NEEDS, async () => {
    const host = await Host.make();
    let knocks = 0;
    let calls = 0;
    for (; calls < 40; calls++) {
      await host.knock({ [ONE]: 1 });
      knocks++;
      // half of a write, or the call is done and nothing behind it
      const result = await host
        .run(['report', '--collect'], { KILL_AT: `${calls + 1}+` })
        .catch((error: unknown) => String(error));
      if (typeof result !== 'string') break; // no call is left: it came to its end
      expect(result).toContain('SIGKILL');
    }
    expect(calls).toBeGreaterThan(6);
    await host.done('report', '--collect');
    expect(await host.told()).toEqual({ [ONE]: knocks });
    const names = readdirSync(join(host.folder, 'state', 'reports'));
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    for (const name of names) {
      const text = readFileSync(join(host.folder, 'state', 'reports', name), 'utf8');
      expect(() => JSON.parse(text) as unknown).not.toThrow();
    }
  });

  systemTest(
    'iptables: addresses from the log, the rest from its counter, nothing twice',
    [...NEEDS, ...programsOf('nft')],
    async () => {
      const host = await Host.make('', 'iptables');
      await host.knock({ [ONE]: 6, [TWO]: 1 });
      const lines = [ONE, TWO, ONE].map(
        (address) =>
          `${new Date().toISOString()} mx kernel: [1.25] sekisho mail asia: IN=near1 OUT= MAC= ` +
          `SRC=${address} DST=192.0.2.1 LEN=60 PROTO=TCP SPT=41952 DPT=25 SYN URGP=0 `,
      );
      const log = join(host.folder, 'kern.log');
      await writeFile(log, lines.slice(0, 2).join('\n') + '\n');
      await host.done('report', '--collect', '--log', log);
      expect(await host.told()).toEqual({ [ONE]: 1, [TWO]: 1, null: 5 });
      await host.knock({ [ONE]: 2 });
      await writeFile(log, lines.join('\n') + '\n');
      await host.done('report', '--collect', '--log', log);
      expect(await host.told()).toEqual({ [ONE]: 2, [TWO]: 1, null: 6 });
    },
  );

  systemTest('--log is refused where the kernel remembers addresses', NEEDS, async () => {
    const host = await Host.make();
    const { code, stderr } = await host.run(['report', '--collect', '--log', 'kern.log']);
    expect(code).toBe(2);
    expect(stderr).toContain('the backend nftables remembers addresses without a log');
  });
});
