import { readFileSync } from 'node:fs';
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { describe, expect } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { linkIptables, programsOf } from '../helpers/iptables-variants.js';
import { Namespace } from '../helpers/namespace.js';
import { searchPath, systemTest } from '../helpers/programs.js';
import type { RunResult } from '../helpers/run.js';
import { MAIN } from '../helpers/sekisho.js';
import { statisticsText } from '../helpers/statistics-text.js';

/*
 * Changes by hand while `apply --confirm` waits, and after a roll-back.
 */

const BACKENDS = ['nftables', 'ipset', 'iptables'] as const;
type Name = (typeof BACKENDS)[number];

const NEEDS = ['nft', 'namespace', 'ipset', ...programsOf('nft')];

/** Some thirty commands, on a machine with other work to do. */
const LONG_MS = 120_000;

class Host {
  readonly #network: Namespace;
  readonly #programs: string;
  readonly folder: string;

  private constructor(network: Namespace, folder: string, programs: string) {
    this.#network = network;
    this.folder = folder;
    this.#programs = programs;
  }

  static async make(backend: Name, more = ''): Promise<Host> {
    const folder = await temporaryFolder();
    const programs = join(folder, 'programs');
    await linkIptables(programs, 'nft');
    const host = new Host(await Namespace.create(), folder, programs);
    await writeFile(join(folder, 'blocked.txt'), '# by hand\n192.0.2.1\n192.0.2.11\n');
    await writeFile(join(folder, 'others.txt'), '198.51.100.1\n');
    await host.configure(backend, 22, more);
    expect(await host.run('apply')).toMatchObject({ code: 0 });
    return host;
  }

  async configure(backend: Name, port: number, more = ''): Promise<void> {
    const text = `state: state
lists: { blocked: { file: blocked.txt }, others: { file: others.txt }${more} }
firewall:
  backend: ${backend}
  rules: [{ name: login, tcp: [${port}], deny: [others${more && ', joined'}] }]
`;
    await writeFile(join(this.folder, 'sekisho.yaml'), text);
  }

  run(command: string, ...words: readonly string[]): Promise<RunResult> {
    const config = ['--config', join(this.folder, 'sekisho.yaml')];
    return this.program(process.execPath, MAIN, command, ...words, ...config);
  }

  program(name: string, ...words: readonly string[]): Promise<RunResult> {
    const PATH = `${this.#programs}${delimiter}${searchPath}`;
    return this.#network.run(name, words, { env: { SSH_CONNECTION: '', PATH }, cwd: this.folder });
  }

  /** Which of 192.0.2.x the kernel holds, and the port that is judged. */
  async held(): Promise<string> {
    const dumps = [
      await this.program('nft', 'list', 'table', 'inet', 'sekisho'),
      await this.program('ipset', 'save'),
      await this.program('iptables-nft-save'),
    ];
    const text = dumps.map(({ stdout }) => stdout).join('\n');
    const addresses = [...text.matchAll(/\b192\.0\.2\.(\d+)\b(?!\/2)/g)].map(([, last]) => last);
    const [, port] = /dports? (22\d*)\b/.exec(text) ?? [];
    const sorted = [...new Set(addresses)].sort((a, b) => Number(a) - Number(b));
    return `${sorted.join(' ')}, port ${port}`;
  }

  /** As if nobody had confirmed, and the watching process had been killed with the machine. */
  async letDeadlinePass(): Promise<void> {
    const file = join(this.folder, 'state', 'firewall', 'memory.json');
    const text = readFileSync(file, 'utf8');
    await writeFile(file, text.replace(/"deadlineMs": \d+/, '"deadlineMs": 1'));
  }
}

const done = { code: 0, stderr: '' };

describe.each(BACKENDS)('on %s', (backend) => {
  systemTest(
    'a change by hand counts at once, and outlives roll-back and confirmation',
    NEEDS,
    async () => {
      const host = await Host.make(backend);
      expect(await host.held()).toBe('1 11, port 22');
      expect((await host.run('block', '192.0.2.21')).code).toBe(0);
      // what an apply brings is taken back; what is done by hand since is not
      await appendFile(join(host.folder, 'blocked.txt'), '192.0.2.99\n');
      await host.configure(backend, 2222);
      expect((await host.run('apply', '--confirm', '2m')).stderr).toContain('back in 120 s');
      expect(await host.held()).toBe('1 11 21 99, port 2222');
      expect(await host.run('block', '192.0.2.31')).toMatchObject(done);
      expect(await host.run('unblock', '192.0.2.11')).toMatchObject(done);
      expect(await host.run('block', '192.0.2.41', '--for', '2h')).toMatchObject(done);
      expect(await host.held()).toBe('1 21 31 41 99, port 2222');
      await host.letDeadlinePass();
      expect((await host.run('status')).stderr).toContain('it was rolled back');
      expect(await host.held()).toBe('1 21 31 41, port 22');

      expect(await host.run('block', '192.0.2.51')).toMatchObject(done);
      expect(await host.run('unblock', '192.0.2.1')).toMatchObject(done);
      expect(await host.held()).toBe('21 31 41 51, port 22');
      const load = [new URL('../../scripts/boot/load-firewall', import.meta.url).pathname];
      const boot = join(host.folder, 'state', 'firewall', 'boot');
      expect(await host.program('sh', ...load, boot)).toMatchObject({ code: 0 });
      expect(await host.held()).toBe('21 31 41 51, port 22');

      expect((await host.run('apply')).code).toBe(0);
      expect(await host.held()).toBe('21 31 41 51 99, port 2222');
      await host.configure(backend, 2200);
      expect((await host.run('apply', '--confirm', '90')).code).toBe(0);
      expect(await host.run('block', '192.0.2.61')).toMatchObject(done);
      expect(await host.run('confirm')).toMatchObject(done);
      expect(await host.held()).toBe('21 31 41 51 61 99, port 2200');
      expect((await host.run('plan')).stdout).toContain('the kernel holds what it should');
      expect(await host.program('sh', ...load, boot)).toMatchObject({ code: 0 });
      expect((await host.run('plan')).stdout).toContain('the kernel holds what it should');
    },
    LONG_MS,
  );
});

systemTest(
  'without the registry data of the last apply a change by hand counts all the same',
  NEEDS,
  async () => {
    const host = await Host.make('ipset');
    const sources = join(host.folder, 'state', 'sources');
    await mkdir(sources, { recursive: true });
    await writeFile(join(sources, 'delegated-apnic'), statisticsText());
    await host.configure('ipset', 22, ', joined: { countries: [KR] }');
    expect(await host.run('apply')).toMatchObject({ code: 0 });
    await rm(sources, { recursive: true });
    const block = await host.run('block', '192.0.2.21');
    expect(block.stderr).toContain('; list blocked alone was brought into the rules that stand');
    expect(block.code).toBe(3);
    expect(await host.held()).toBe('1 11 21, port 22');
    // but rules that are not ours any more are for an apply
    expect(await host.program('iptables-nft', '-t', 'mangle', '-F')).toMatchObject({ code: 0 });
    const later = await host.run('block', '192.0.2.31');
    expect(later.stderr).toMatch(/list blocked was changed, and the kernel was not; the next/);
    expect(later.code).toBe(1);
  },
  LONG_MS,
);

systemTest(
  'what was cut off before the kernel comes with the next run, and a damaged list hinders none',
  NEEDS,
  async () => {
    const host = await Host.make('nftables');
    await host.configure('nftables', 2222);
    expect((await host.run('apply', '--confirm', '90')).code).toBe(0);
    await appendFile(join(host.folder, 'blocked.txt'), '192.0.2.31\n'); // and killed
    expect((await host.run('update')).code).toBe(3);
    expect(await host.held()).toBe('1 11 31, port 2222');
    await writeFile(join(host.folder, 'others.txt'), 'no address\n');
    const blocked = await host.run('block', '192.0.2.41');
    expect(blocked.stderr).toMatch(/list others stays as it was: .*others\.txt:1: found no/);
    expect(await host.held()).toBe('1 11 31 41, port 2222');
    await host.letDeadlinePass();
    await host.run('status');
    expect(await host.held()).toBe('1 11 31 41, port 22');
  },
  LONG_MS,
);

systemTest(
  'rules that somebody else changed meanwhile are left alone, which is said',
  NEEDS,
  async () => {
    const host = await Host.make('nftables');
    await host.configure('nftables', 2222);
    expect((await host.run('apply', '--confirm', '90')).code).toBe(0);
    // somebody rescues himself
    const rescue = ['insert', 'rule', 'inet', 'sekisho', 'judge.in', 'accept'];
    expect((await host.program('nft', ...rescue)).code).toBe(0);
    const blocked = await host.run('block', '192.0.2.31');
    expect(blocked).toMatchObject({ code: 3 });
    expect(blocked.stderr).toContain(
      'what was changed by hand in lists is not in the kernel: the rules in the kernel are not ' +
        'those of the last apply',
    );
    expect(await host.held()).toBe('1 11, port 2222');
    await host.letDeadlinePass();
    await host.run('status');
    expect(await host.held()).toBe('1 11 31, port 22');
  },
  LONG_MS,
);

systemTest(
  'lists that others are made of follow at the confirmation, which is said',
  NEEDS,
  async () => {
    const joined = ', joined: { lists: [others] }';
    const host = await Host.make('nftables', joined);
    await host.configure('nftables', 2222, joined);
    expect((await host.run('apply', '--confirm', '90')).code).toBe(0);
    const blocked = await host.run('block', '192.0.2.31', '--list', 'others');
    expect(blocked).toMatchObject({ code: 3 });
    expect(blocked.stderr).toMatch(
      /follows at `sekisho confirm`, or an apply: list joined is made/,
    );
    expect((await host.run('plan')).stdout).toMatch(/list joined .*1 added/);
    expect((await host.run('confirm')).code).toBe(0);
    expect((await host.run('plan')).stdout).toContain('the kernel holds what it should');
  },
  LONG_MS,
);
