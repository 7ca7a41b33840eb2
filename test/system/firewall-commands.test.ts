import { existsSync, readFileSync } from 'node:fs';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, vi } from 'vitest';

import { takeLock } from '../../src/util/lock.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { IPTABLES_VARIANTS, linkIptables, programsOf } from '../helpers/iptables-variants.js';
import { Namespace } from '../helpers/namespace.js';
import { searchPath, systemTest } from '../helpers/programs.js';
import { type RunResult, programPath } from '../helpers/run.js';
import { MAIN } from '../helpers/sekisho.js';
import { type TestRecord, statisticsText } from '../helpers/statistics-text.js';

const RECORDS: TestRecord[] = [
  { cc: 'KR', start: '1.11.0.0', value: 65536 },
  { cc: 'KR', start: '2001:220::', value: 32 },
  { cc: 'JP', start: '133.0.0.0', value: 65536 },
  { cc: 'JP', start: '2001:200::', value: 32 },
];

const RULES = '[{ name: ssh, tcp: [22], only: [home] }, { name: mail, tcp: [25], deny: [asia] }]';

/** A host of its own: a namespace, a configuration, a state. */
class Host {
  readonly network: Namespace;
  readonly folder: string;

  constructor(network: Namespace, folder: string) {
    this.network = network;
    this.folder = folder;
  }

  static async make(rules = RULES, more = ''): Promise<Host> {
    const host = new Host(await Namespace.create(), await temporaryFolder());
    await writeFile(join(host.folder, 'delegated-apnic'), statisticsText({ records: RECORDS }));
    await writeFile(join(host.folder, 'blocked.txt'), '192.0.2.7\n');
    await host.configure(rules, more);
    return host;
  }

  async configure(rules: string, more = '', backend = 'nftables'): Promise<void> {
    const lists =
      '{ asia: { countries: [KR] }, home: { countries: [JP] }, blocked: { file: blocked.txt } }';
    const text = `state: state\nlists: ${lists}\nfirewall: { backend: ${backend}, rules: ${rules}${more} }\n`;
    await writeFile(join(this.folder, 'sekisho.yaml'), text);
  }

  async run(
    command: string,
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ): Promise<RunResult> {
    const needsData = ['plan', 'apply', 'status', 'update'].includes(command);
    const from = needsData ? ['--from', join(this.folder, 'delegated-apnic')] : [];
    const words = [MAIN, command, '--config', join(this.folder, 'sekisho.yaml'), ...args, ...from];
    return this.network.run(process.execPath, words, {
      env: { SSH_CONNECTION: '', ...env },
      cwd: this.folder,
    });
  }

  async nft(...args: readonly string[]): Promise<string> {
    const { stdout } = await this.network.run('nft', args);
    return stdout;
  }

  /** As if nobody had confirmed, and the watching process had been killed with the machine. */
  async letDeadlinePass(): Promise<void> {
    const file = join(this.folder, 'state', 'firewall', 'memory.json');
    const text = readFileSync(file, 'utf8');
    await writeFile(file, text.replace(/"deadlineMs": \d+/, '"deadlineMs": 1'));
  }

  memory(): Record<string, unknown> {
    const file = join(this.folder, 'state', 'firewall', 'memory.json');
    return existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)
      : {};
  }

  /** The port that the rule ssh judges in the kernel. */
  async sshPort(): Promise<string | undefined> {
    return /tcp dport (\d+) jump rule\.ssh/.exec(await this.nft('-t', 'list', 'ruleset'))?.[1];
  }
}

/** Environment of a program for which the package koffi is not there. */
async function withoutKoffi(folder: string): Promise<Record<string, string>> {
  const file = join(folder, 'without-koffi.cjs');
  const text = `const { Module } = require('node:module');
    const load = Module._load;
    Module._load = (name, ...rest) => {
      if (name === 'koffi') throw new Error("Cannot find module 'koffi'");
      return load(name, ...rest);
    };`;
  await writeFile(file, text);
  return { NODE_OPTIONS: `--require=${file}` };
}

const NEEDS = ['nft', 'namespace'];
/** For a test that runs some thirty commands, on a machine with other work to do. */
const MANY_COMMANDS_MS = 120_000;
const OTHER_PORT = RULES.replace('[22]', '[2222]');

describe('a person at the firewall', () => {
  systemTest('plans, applies, sees, and takes it out again', NEEDS, async () => {
    const host = await Host.make();
    await host.network.run('nft', ['-f', '-'], {
      input:
        'table inet foreign { set s { type ipv4_addr; elements = { 192.0.2.1 }\n }\n chain c { type filter hook input priority 0; counter accept; } }',
    });
    const foreign = await host.nft('list', 'ruleset');
    const planned = await host.run('plan');
    expect(planned.code).toBe(0);
    expect(planned.stdout).toMatch(
      /backend: nftables \(configured\)\nrules: table inet sekisho is missing/,
    );
    expect(planned.stdout).toMatch(
      /list asia \(IPv4\): 0 ranges held, 1 wanted; 1 added \(65536 addresses\)/,
    );
    expect((await host.run('status')).code).toBe(1);
    expect((await host.run('apply')).code).toBe(0);
    const status = await host.run('status', ['--json']);
    const report = JSON.parse(status.stdout) as Record<string, unknown>;
    expect(report).toMatchObject({ backend: 'nftables', healthy: true });
    expect(status.code).toBe(3); // the made-up file is old by now, or will be: see warnings
    expect(report['warnings']).toEqual([
      expect.stringMatching(/newest registry file is \d+ days old/),
    ]);
    expect((await host.run('plan')).stdout).toContain('the kernel holds what it should');
    expect((await host.run('flush')).code).toBe(0);
    expect(await host.nft('list', 'ruleset')).toBe(foreign);
    expect((await host.run('status')).code).toBe(1);
  });

  systemTest('writes nothing to the kernel where nothing changed', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    const before = await host.nft('-a', 'list', 'ruleset');
    const monitor = await host.network.start('nft', ['monitor'], {
      ready: async () => sleep(300, true),
    });
    expect((await host.run('apply')).code).toBe(0);
    expect((await host.run('update')).code).toBe(0);
    await sleep(300);
    expect(monitor.output()).toBe('');
    expect(await host.nft('-a', 'list', 'ruleset')).toBe(before);
  });

  systemTest(
    'a changed list replaces its own elements; counters and handles stay',
    NEEDS,
    async () => {
      const host = await Host.make();
      await host.run('apply');
      const handles = (text: string): string[] => text.match(/chain \S+ \{ # handle \d+/g) ?? [];
      const before = handles(await host.nft('-a', 'list', 'ruleset'));
      expect(before.length).toBeGreaterThan(5);
      await writeFile(join(host.folder, 'blocked.txt'), '192.0.2.7\n192.0.2.99\n');
      expect((await host.run('apply')).code).toBe(0);
      const after = await host.nft('-a', 'list', 'ruleset');
      expect(handles(after)).toEqual(before);
      expect(after).toMatch(/192\.0\.2\.7, 192\.0\.2\.99/);
    },
  );

  systemTest(
    'an entry that ends is changed when edited, and its end is no drift',
    NEEDS,
    async () => {
      const host = await Host.make();
      const file = join(host.folder, 'blocked.txt');
      const left = async (): Promise<string> => {
        const text = await host.nft('list', 'set', 'inet', 'sekisho', 'blocked_v4');
        return /192\.0\.2\.7 timeout \S+ expires (\S+)/.exec(text)?.[1] ?? 'for ever';
      };
      const secondAfter = (seconds: number): string =>
        new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z/, 'Z');
      await writeFile(file, `192.0.2.7 until=${secondAfter(7200)} guesses\n192.0.2.9\n`);
      await host.run('apply');
      expect(await left()).toMatch(/^1h59m/);
      await writeFile(file, `192.0.2.7 until=${secondAfter(3600)} guesses\n192.0.2.9\n`);
      expect((await host.run('status')).code).toBe(1);
      expect((await host.run('plan')).stdout).toContain(
        'list blocked (IPv4): 2 ranges held, 2 wanted; 0 added (0 addresses), ' +
          '0 removed (0 addresses), 1 to end at another time',
      );
      await host.run('update');
      expect(await left()).toMatch(/^59m/);
      const end = Date.now() + 4000;
      await writeFile(file, `192.0.2.7 until=${secondAfter(4)} guesses\n192.0.2.9\n`);
      await host.run('apply');
      const monitor = await host.network.start('nft', ['monitor'], {
        ready: async () => sleep(300, true),
      });
      for (const waitMs of [0, 300, 1500]) {
        await sleep(Math.max(0, end - Date.now() + waitMs));
        expect((await host.run('status')).stdout).toContain('the kernel holds what it should');
        expect((await host.run('update')).code).toBe(0);
      }
      expect(monitor.output()).toBe('');
      const elements = await host.nft('list', 'set', 'inet', 'sekisho', 'blocked_v4');
      expect(elements).toContain('elements = { 192.0.2.9 }');
    },
  );

  systemTest('a session or an admin is not locked out without --force', NEEDS, async () => {
    const host = await Host.make();
    const peer = { SSH_CONNECTION: '1.11.1.1 50000 192.0.2.1 22' };
    const refused = await host.run('apply', [], peer);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      /1\.11\.1\.1 \(this SSH session\) would be denied on port 22: rule ssh lets only home pass/,
    );
    expect(await host.nft('list', 'ruleset')).toBe('');
    const forced = await host.run('apply', ['--force'], peer);
    expect(forced.code).toBe(0);
    expect(forced.stderr).toMatch(/1\.11\.1\.1 \(this SSH session\) would be denied/);
    await host.configure(RULES, ', admins: [1.11.5.5]');
    const admin = await host.run('apply');
    expect(admin.code).toBe(2);
    expect(admin.stderr).toMatch(/admin 1\.11\.5\.5 is in list asia, which rule mail denies/);
    const both = await host.run('apply', ['--force-admins'], peer);
    expect(both.code).toBe(2); // the session is another matter
    expect(both.stderr).not.toMatch(/admin/);
    expect((await host.run('apply', ['--force-admins'])).code).toBe(0);
    const unattended = await host.run('update');
    expect(unattended.code).toBe(3);
    expect(unattended.stderr).toMatch(/the admin keeps passing/);
    expect(await host.nft('-t', 'list', 'ruleset')).toMatch(/ip saddr 1\.11\.5\.5 accept/);
  });
});

describe('a confirmation', () => {
  systemTest(
    'that does not come rolls back, also when apply is gone; updates wait for a person',
    NEEDS,
    async () => {
      const host = await Host.make();
      await host.run('apply');
      await host.configure(OTHER_PORT);
      const applied = await host.run('apply', ['--confirm', '6']);
      expect(applied.stderr).toMatch(/rolled back in 6 s unless `sekisho confirm` comes/);
      expect(await host.sshPort()).toBe('2222');
      const meanwhile = await host.run('update');
      expect(meanwhile.code).toBe(3);
      expect(meanwhile.stderr).toMatch(/waits for `sekisho confirm`/);
      for (let k = 0; k < 200 && (await host.sshPort()) !== '22'; k++) await sleep(100);
      expect(await host.sshPort()).toBe('22');
      const later = await host.run('update');
      expect(later.code).toBe(3);
      expect(later.stderr).toMatch(/rolled back at .*; run `sekisho apply`/);
      expect(await host.sshPort()).toBe('22');
      expect((await host.run('apply')).code).toBe(0);
      expect(await host.sshPort()).toBe('2222');
      expect((await host.run('update')).code).toBe(0);
    },
  );

  systemTest('that does not come rolls back also where the state was lost', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    await host.configure(OTHER_PORT);
    expect((await host.run('apply', ['--confirm', '4'])).code).toBe(0);
    expect(await host.sshPort()).toBe('2222');
    await sleep(1000); // the watch has seen it by then
    await rm(join(host.folder, 'state'), { recursive: true });
    for (let k = 0; k < 200 && (await host.sshPort()) !== '22'; k++) await sleep(100);
    expect(await host.sshPort()).toBe('22');
    for (let k = 0; k < 50 && host.memory()['heldSince'] === undefined; k++) await sleep(100);
    expect(host.memory()).toHaveProperty('heldSince');
  });

  systemTest('that comes keeps what was applied', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply', ['--confirm', '4']);
    expect((await host.run('confirm')).code).toBe(0);
    await sleep(4500); // past the end of the watch
    expect(await host.sshPort()).toBe('22');
    expect(host.memory()).not.toHaveProperty('pending');
    expect((await host.run('confirm')).code).toBe(1);
  });

  systemTest('that is overdue is settled by the next command', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    await host.configure(OTHER_PORT);
    await host.run('apply', ['--confirm', '60']);
    await host.letDeadlinePass();
    const status = await host.run('status');
    expect(status.stderr).toMatch(/nobody confirmed the last apply in time: it was rolled back/);
    expect(await host.sshPort()).toBe('22');
  });

  systemTest('counts from when it was written down, whatever the clock says', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    await host.configure(OTHER_PORT);
    await host.run('apply', ['--confirm', '60']);
    // as after a slow apply, or a clock that was set back: the watch ends before the deadline
    const file = join(host.folder, 'state', 'firewall', 'memory.json');
    const { deadlineMs } = host.memory()['pending'] as { deadlineMs: number };
    const other = await host.run('rollback', ['--when-due', '1']);
    expect(other.code).toBe(0); // the watch of another apply leaves this one alone
    expect(await host.sshPort()).toBe('2222');
    const soon = Date.now() + 500;
    await writeFile(file, readFileSync(file, 'utf8').replace(String(deadlineMs), String(soon)));
    expect((await host.run('rollback', ['--when-due', String(soon)])).code).toBe(0);
    expect(await host.sshPort()).toBe('22');
    expect(host.memory()).not.toHaveProperty('pending');
  });

  systemTest('that is waited for changes nothing at the next boot', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    await host.configure(OTHER_PORT);
    await host.run('apply', ['--confirm', '60']);
    const boot = join(host.folder, 'state', 'firewall', 'boot', 'ruleset.json');
    await host.network.run('nft', ['-j', '-f', boot]); // a reboot: the watch is gone
    expect(await host.sshPort()).toBe('22');
    expect((await host.run('confirm')).code).toBe(0);
    await host.network.run('nft', ['-j', '-f', boot]);
    expect(await host.sshPort()).toBe('2222');
  });

  systemTest('can be had after an apply that was cut off was confirmed', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    // as an `apply --confirm` leaves it that is killed right after it wrote its deadline down
    const file = join(host.folder, 'state', 'firewall', 'memory.json');
    const { current } = host.memory();
    const pending = { deadlineMs: Date.now() + 60_000 };
    await writeFile(
      file,
      JSON.stringify({ current, previous: current, pending, unfinished: true }),
    );
    expect((await host.run('confirm')).code).toBe(0);
    await host.configure(OTHER_PORT);
    expect((await host.run('apply')).code).toBe(0);
    expect(await host.sshPort()).toBe('2222');
    expect((await host.run('rollback')).code).toBe(0);
    expect(await host.sshPort()).toBe('22');
  });

  systemTest('an apply that changes nothing leaves nothing to go back to', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    await host.configure(OTHER_PORT);
    await host.run('apply');
    expect((await host.run('rollback')).code).toBe(0);
    await host.configure(RULES);
    expect((await host.run('apply')).code).toBe(0); // what the roll-back left
    const again = await host.run('rollback');
    expect(again.stderr).toContain('there is no apply to roll back');
    expect(again.code).toBe(2);
    expect(await host.sshPort()).toBe('22');
    await rm(join(host.folder, 'state'), { recursive: true });
    expect((await host.run('apply')).code).toBe(0);
    expect((await host.run('rollback')).code).toBe(2);
    expect(await host.sshPort()).toBe('22');
    await rm(join(host.folder, 'state'), { recursive: true });
    await host.configure(OTHER_PORT);
    expect((await host.run('apply')).stderr).toMatch(/a roll-back takes everything of ours away/);
  });

  systemTest('comes also where the state is lost as soon as `apply` has ended', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    await host.configure(OTHER_PORT);
    expect((await host.run('apply', ['--confirm', '3'])).code).toBe(0);
    await rm(join(host.folder, 'state'), { recursive: true });
    expect(await host.sshPort()).toBe('2222');
    await vi.waitFor(async () => expect(await host.sshPort()).toBe('22'), {
      timeout: 20_000,
      interval: 200,
    });
  });

  systemTest('that nobody would do is a reason not to apply', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    await host.configure(OTHER_PORT);
    // the process that waits is ended where it begins to, as by a host without memory
    const dying = join(host.folder, 'dying.mjs');
    await writeFile(dying, "if (process.argv.includes('--when-due')) process.exit(9);\n");
    const applied = await host.run('apply', ['--confirm', '2'], {
      NODE_OPTIONS: `--import=${dying}`,
    });
    expect(applied.stderr).toMatch(/did not come to work within \d s; nothing was applied/);
    expect(applied.code).toBe(1);
    expect(await host.sshPort()).toBe('22');
    expect((await host.run('confirm')).code).toBe(1);
  });

  systemTest('that is overdue is settled also where no plan can be made', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    await host.configure(OTHER_PORT);
    await host.run('apply', ['--confirm', '60']);
    await host.letDeadlinePass();
    await rm(join(host.folder, 'blocked.txt'));
    expect((await host.run('apply')).code).not.toBe(0);
    expect(await host.sshPort()).toBe('22');
  });

  systemTest('that is overdue is left alone while another run is at work', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    await host.configure(OTHER_PORT);
    await host.run('apply', ['--confirm', '60']);
    await host.letDeadlinePass();
    const { lock } = await takeLock(join(host.folder, 'state'), { command: 'sekisho update' });
    if (lock === undefined) throw new Error('the test did not get the lock');
    try {
      for (const command of ['status', 'plan']) {
        const looked = await host.run(command);
        expect(looked.stderr).toMatch(/in time: the roll-back is left to the run that works here/);
        expect(looked.stdout).toContain('the kernel holds what it should');
      }
      expect(await host.sshPort()).toBe('2222');
    } finally {
      lock.release();
    }
    expect((await host.run('plan')).stderr).toMatch(/in time: it was rolled back/);
    expect(await host.sshPort()).toBe('22');
  });

  systemTest('is confirmed also while the daemon looks at the kernel', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    await host.configure(OTHER_PORT);
    await host.run('apply', ['--confirm', '60']);
    const { lock } = await takeLock(join(host.folder, 'state'), { command: 'sekisho run' });
    expect(lock).toBeDefined();
    const confirmed = host.run('confirm');
    setTimeout(() => lock?.release(), 500);
    expect(await confirmed).toMatchObject({ code: 0 });
  });

  systemTest('whose roll-back fails hides nothing, and flush still works', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    await host.configure(OTHER_PORT);
    await host.run('apply', ['--confirm', '60']);
    await host.letDeadlinePass();
    const firewall = join(host.folder, 'state', 'firewall');
    await writeFile(join(firewall, 'generation-1', 'ruleset.json'), '{ "nftables": [');
    const status = await host.run('status');
    expect(status.stderr).toMatch(/in time, and it cannot be rolled back: nft refused/);
    expect(status.stdout).toContain('firewall: nftables');
    expect((await host.run('apply')).code).toBe(1);
    expect((await host.run('flush')).code).toBe(0);
    expect(await host.nft('list', 'ruleset')).toBe('');
    expect(host.memory()).toEqual({});
    expect(existsSync(join(firewall, 'boot'))).toBe(false);
    expect((await host.run('apply')).code).toBe(0);
  });

  systemTest(
    'another backend takes the place of the one before, and gives it back',
    [...NEEDS, 'ipset', 'iptables-nft', 'ip6tables-nft', 'iptables-nft-save'],
    async () => {
      const host = await Host.make();
      await host.configure(RULES, '', 'ipset');
      await host.run('apply');
      await host.configure(RULES, '', 'iptables');
      expect((await host.run('apply')).code).toBe(0);
      expect((await host.network.run('ipset', ['list', '-n'])).stdout).toBe('');
      await host.configure(RULES);
      await host.run('apply');
      await host.configure(RULES, '', 'iptables');
      expect((await host.run('apply')).code).toBe(0);
      expect(await host.nft('list', 'tables')).not.toContain('inet sekisho');
      const saved = async (): Promise<string> =>
        (await host.network.run('iptables-nft-save', [])).stdout;
      expect(await saved()).toContain('SEKISHO-r-ssh');
      const boot = join(host.folder, 'state', 'firewall', 'boot');
      expect(existsSync(join(boot, 'ruleset.json'))).toBe(false);
      expect((await host.run('rollback')).code).toBe(0);
      expect(await host.sshPort()).toBe('22');
      expect(await saved()).not.toContain('SEKISHO');
      expect(existsSync(join(boot, 'rules.iptables'))).toBe(false);
    },
  );

  systemTest(
    'auto keeps the backend of the last apply, and takes another where that fails',
    [...NEEDS, 'ipset', ...programsOf('nft')],
    async () => {
      const host = await Host.make();
      const [withIpset, without] = [join(host.folder, 'with'), join(host.folder, 'without')];
      for (const folder of [withIpset, without]) await linkIptables(folder, 'nft');
      await symlink(programPath('ipset'), join(withIpset, 'ipset'));
      const at = (folder: string): Record<string, string> => ({
        PATH: folder === without ? folder : `${folder}${delimiter}${searchPath}`,
      });
      const backendOf = async (env: Record<string, string>): Promise<string | undefined> =>
        /^firewall: (.*), applied/m.exec((await host.run('status', [], env)).stdout)?.[1];
      await host.configure(RULES, '', 'ipset');
      await host.run('apply', [], at(withIpset));
      await host.configure(RULES, '', 'auto');
      expect(await backendOf(at(withIpset))).toBe('ipset (auto: as at the last apply)');
      expect(await backendOf(at(without))).toMatch(
        /^iptables \(auto: the best that works here \(ipset: .*; nftables: .*\)\)$/,
      );
      await host.run('flush', [], at(withIpset));
      expect(await backendOf(at(withIpset))).toBe('nftables (auto: the best that works here)');
      expect((await host.run('apply', [], at(withIpset))).code).toBe(0);
      const applied = await host.run('apply', [], at(without));
      expect(applied.stderr).toMatch(/what the backend nftables held before may still stand/);
      expect(applied.code).toBe(3);
    },
  );

  systemTest(
    'another backend takes the place of one that no memory tells of',
    [...NEEDS, 'ipset', 'iptables-nft', 'ip6tables-nft', 'iptables-nft-save'],
    async () => {
      const host = await Host.make();
      const saved = async (): Promise<string> =>
        (await host.network.run('iptables-nft-save', [])).stdout;
      for (const backend of ['ipset', 'iptables', 'nftables', 'ipset', 'nftables', 'iptables']) {
        await host.configure(RULES, '', backend);
        expect((await host.run('apply')).code).toBe(0);
        const sets = (await host.network.run('ipset', ['list', '-n'])).stdout;
        expect(sets.includes('sekisho-')).toBe(backend === 'ipset');
        expect(await host.nft('list', 'tables')).toMatch(
          backend === 'nftables' ? /inet sekisho/ : /^(?!.*inet sekisho)/s,
        );
        expect((await saved()).includes('SEKISHO-r-ssh')).toBe(backend !== 'nftables');
        await rm(join(host.folder, 'state'), { recursive: true });
      }
    },
  );

  systemTest(
    'what the other iptables held goes when the host changes from one to the other',
    [...NEEDS, 'ipset', ...programsOf('nft'), ...programsOf('legacy')],
    async () => {
      const host = await Host.make();
      await host.configure(RULES, '', 'ipset');
      const env: Record<string, Record<string, string>> = {};
      for (const variant of IPTABLES_VARIANTS) {
        const folder = join(host.folder, variant);
        await linkIptables(folder, variant);
        env[variant] = { PATH: `${folder}${delimiter}${searchPath}` };
      }
      const holds = async (variant: string): Promise<boolean> => {
        const saved = await host.network.run(`iptables-${variant}-save`, []);
        expect(saved.code).toBe(0);
        return saved.stdout.includes('SEKISHO');
      };
      expect((await host.run('apply', [], env['legacy'])).code).toBe(0);
      expect([await holds('legacy'), await holds('nft')]).toEqual([true, false]);
      expect((await host.run('apply', [], env['nft'])).code).toBe(0);
      expect([await holds('legacy'), await holds('nft')]).toEqual([false, true]);
      // the host goes back, and all is taken out before anything is applied again
      expect((await host.run('flush', [], env['legacy'])).code).toBe(0);
      expect([await holds('legacy'), await holds('nft')]).toEqual([false, false]);
      expect((await host.network.run('ipset', ['list', '-n'])).stdout).toBe('');
    },
  );

  systemTest('rolls back to nothing where nothing was', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    expect((await host.run('rollback')).code).toBe(0);
    expect(await host.nft('list', 'ruleset')).toBe('');
    expect((await host.run('rollback')).code).toBe(2);
  });
});

describe('flush, the last resort', () => {
  systemTest('works where the memory is damaged', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    await writeFile(join(host.folder, 'state', 'firewall', 'memory.json'), '{ "curr');
    const applied = await host.run('apply');
    expect(applied.code).toBe(1);
    expect(applied.stderr).toMatch(/memory\.json cannot be read: .*; run `sekisho flush`/);
    const flushed = await host.run('flush');
    expect(flushed.code).toBe(0);
    expect(flushed.stderr).toMatch(/every backend is looked at/);
    expect(await host.nft('list', 'tables')).not.toContain('sekisho');
    expect((await host.run('apply')).code).toBe(0);
  });

  systemTest(
    'finds what another backend holds where the state was lost',
    [...NEEDS, 'iptables-nft', 'ip6tables-nft', 'iptables-nft-save'],
    async () => {
      const host = await Host.make();
      await host.configure(RULES, '', 'iptables');
      expect((await host.run('apply')).code).toBe(0);
      await rm(join(host.folder, 'state'), { recursive: true });
      await host.configure(RULES, '', 'auto');
      const flushed = await host.run('flush');
      expect(flushed.stderr).toMatch(/does not tell what was applied; every backend is looked at/);
      expect(flushed.code).toBe(0);
      expect((await host.network.run('iptables-nft-save', [])).stdout).not.toContain('SEKISHO');
    },
  );

  systemTest('leaves a host as it is on which nothing was ever applied', NEEDS, async () => {
    const host = await Host.make();
    expect((await host.run('flush')).code).toBe(0);
    expect(await host.nft('list', 'ruleset')).toBe('');
  });

  systemTest('works where the configuration has no firewall any more', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    await writeFile(join(host.folder, 'sekisho.yaml'), 'state: state\n');
    expect((await host.run('flush')).code).toBe(0);
    expect(await host.nft('list', 'ruleset')).toBe('');
  });

  systemTest('is what an apply names that others stand in the way of', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    const map = '{ type ipv4_addr : verdict; elements = { 192.0.2.1 : jump rule.ssh }; }';
    await host.nft('add', 'map', 'inet', 'sekisho', 'theirs', map);
    const before = await host.nft('list', 'ruleset');
    expect(before).toContain('map theirs');
    await host.configure(RULES.replace('ssh', 'login'));
    const refused = await host.run('apply');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /what others put there \(map theirs\): `sekisho flush` takes the table away/,
    );
    expect(await host.nft('list', 'ruleset')).toBe(before);
    expect((await host.run('flush')).code).toBe(0);
    expect((await host.run('apply')).code).toBe(0);

    await host.nft('flush', 'chain', 'inet', 'sekisho', 'rule.mail');
    await host.nft('delete', 'set', 'inet', 'sekisho', 'asia_v4');
    await host.nft('add', 'set', 'inet', 'sekisho', 'asia_v4', '{ type inet_service; }');
    await host.nft('add', 'element', 'inet', 'sekisho', 'asia_v4', '{ 25 }');
    const status = await host.run('status');
    expect(status.code).toBe(1);
    expect(status.stdout).toMatch(/\(set asia_v4\): `sekisho flush` takes the table away/);
  });
});

describe('drift and boot', () => {
  systemTest(
    'what others changed is seen and mended',
    NEEDS,
    async () => {
      const host = await Host.make();
      await host.run('apply');
      const good = await host.nft('list', 'ruleset');
      const damages: readonly (readonly string[])[] = [
        ['flush', 'set', 'inet', 'sekisho', 'asia_v4'],
        ['delete', 'element', 'inet', 'sekisho', 'asia_v6', '{ 2001:220::/32 }'],
        ['add', 'element', 'inet', 'sekisho', 'home_v4', '{ 198.51.100.1 }'],
        ['flush', 'chain', 'inet', 'sekisho', 'prerouting'],
        ['insert', 'rule', 'inet', 'sekisho', 'judge.in', 'accept'],
        ['flush', 'chain', 'inet', 'sekisho', 'deny.mail.asia'],
        [
          'flush chain inet sekisho prerouting; delete chain inet sekisho prerouting; ' +
            'add chain inet sekisho prerouting { type filter hook prerouting priority 0; }; ' +
            'add rule inet sekisho prerouting jump judge.in',
        ],
        ['delete', 'table', 'inet', 'sekisho'],
        ['flush', 'ruleset'],
      ];
      for (const damage of damages) {
        expect((await host.network.run('nft', damage)).code, damage.join(' ')).toBe(0);
        expect((await host.run('status')).code, damage.join(' ')).toBe(1);
        expect((await host.run('apply')).code, damage.join(' ')).toBe(0);
        const mended = await host.nft('list', 'ruleset');
        expect(mended.split('\n').sort(), damage.join(' ')).toEqual(good.split('\n').sort());
      }
    },
    MANY_COMMANDS_MS,
  );

  systemTest(
    'a table of iptables-nft that others put to sleep is told, and left to them',
    [...NEEDS, 'ipset', ...programsOf('nft')],
    async () => {
      const host = await Host.make();
      const folder = join(host.folder, 'programs');
      await linkIptables(folder, 'nft');
      const path = { PATH: `${folder}${delimiter}${searchPath}` };
      const reject = RULES.replace('deny: [asia]', 'deny: [asia], action: reject');
      const tables = [
        ['ip', 'mangle', 'IPv4'],
        ['ip6', 'filter', 'IPv6'],
      ] as const;
      for (const [backend, env] of [
        ['iptables', path],
        ['ipset', { ...path, ...(await withoutKoffi(host.folder)) }],
      ] as const) {
        await host.configure(reject, '', backend);
        expect((await host.run('apply', [], env)).code).toBe(0);
        for (const [family, name] of tables) {
          await host.nft('add', 'table', family, name, '{ flags dormant; }');
        }
        const status = await host.run('status', [], env);
        expect(status.stdout.match(/^failure: .*/gm)).toEqual(
          tables.map(([family, name, version]): unknown =>
            expect.stringMatching(
              `^failure: ${version}: others put the table ${name} to sleep .*\`nft add table ${family} ${name}\` wakes it`,
            ),
          ),
        );
        expect(status.code).toBe(1);
        const applied = await host.run('apply', [], env);
        expect(applied.stderr).toMatch(/IPv4: others put the table mangle to sleep/);
        expect(applied.code).toBe(3);
        for (const [family, name] of tables) {
          expect(await host.nft('-t', 'list', 'table', family, name)).toMatch(/dormant/);
          await host.nft('add', 'table', family, name);
        }
        expect((await host.run('status', [], env)).stdout).toContain('drift: none');
      }
    },
    MANY_COMMANDS_MS,
  );

  systemTest('the ready ruleset loads without us, beside and over what stands', NEEDS, async () => {
    const host = await Host.make();
    await host.run('apply');
    const file = join(host.folder, 'state', 'firewall', 'boot', 'ruleset.json');
    await host.network.run('nft', ['flush', 'ruleset']); // Debian's stock /etc/nftables.conf begins so
    expect((await host.network.run('nft', ['-j', '-f', file])).code).toBe(0);
    expect((await host.run('status')).stdout).toContain('the kernel holds what it should');
    expect((await host.network.run('nft', ['-j', '-f', file])).code).toBe(0);
    expect((await host.run('status')).stdout).toContain('the kernel holds what it should');
  });

  systemTest(
    'without rights the kernel stays, and the error says what is needed',
    [...NEEDS, 'root'],
    async () => {
      const host = await Host.make();
      const args = ['--bounding-set=-net_admin', process.execPath, MAIN, 'plan'];
      const config = join(host.folder, 'sekisho.yaml');
      const from = join(host.folder, 'delegated-apnic');
      const refused = await host.network.run('setpriv', [
        ...args,
        '--config',
        config,
        '--from',
        from,
      ]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(/not permitted.*run as root/);
    },
  );
});
