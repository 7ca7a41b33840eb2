import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { describe, expect } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import type { RunResult } from '../helpers/run.js';
import { MAIN } from '../helpers/sekisho.js';
import { statisticsText } from '../helpers/statistics-text.js';

const DRIVER = fileURLToPath(new URL('../helpers/change-list.mjs', import.meta.url));
const NEEDS = ['nft', 'namespace'];
const RULES = '{ name: mail, tcp: [25], deny: [asia] }';

class Host {
  readonly network: Namespace;
  readonly folder: string;

  private constructor(network: Namespace, folder: string) {
    this.network = network;
    this.folder = folder;
  }

  /** Where all has been applied. */
  static async make(rules = RULES, more = 'mode: enforce'): Promise<Host> {
    const host = new Host(await Namespace.create(), await temporaryFolder());
    await writeFile(join(host.folder, 'delegated-apnic'), statisticsText());
    await writeFile(join(host.folder, 'blocked.txt'), '192.0.2.7\n192.0.2.8/30\n');
    await host.configure(rules, more);
    expect(await host.run('apply')).toMatchObject({ code: 0 });
    return host;
  }

  async configure(rules: string, more = 'mode: enforce'): Promise<void> {
    const lists = '{ asia: { countries: [KR] }, blocked: { file: blocked.txt } }';
    const firewall = `{ backend: nftables, ${more}, rules: [${rules}] }`;
    const text = `state: state\nlists: ${lists}\nfirewall: ${firewall}\n`;
    await writeFile(join(this.folder, 'sekisho.yaml'), text);
  }

  run(command: string, ...args: readonly string[]): Promise<RunResult> {
    const from = ['--from', join(this.folder, 'delegated-apnic')];
    const words = [MAIN, command, '--config', join(this.folder, 'sekisho.yaml'), ...args, ...from];
    return this.network.run(process.execPath, words, { env: { SSH_CONNECTION: '' } });
  }

  async change(line: string, ...more: readonly string[]): Promise<string> {
    const words = [DRIVER, join(this.folder, 'sekisho.yaml'), line, ...more];
    const { stdout, stderr, code } = await this.network.run(process.execPath, words);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    return stdout;
  }

  async differs(): Promise<boolean> {
    const { stdout } = await this.run('plan', '--json');
    return (JSON.parse(stdout) as { differs: boolean }).differs;
  }

  /** The set in the kernel, and in one that has booted. */
  async blocked(family: 4 | 6): Promise<string[]> {
    const other = await Namespace.create();
    const boot = join(this.folder, 'state/firewall/boot/ruleset.json');
    expect(await other.run('nft', ['-j', '-f', boot])).toMatchObject({ code: 0 });
    const words = ['list', 'set', 'inet', 'sekisho', `blocked_v${family}`];
    const texts = await Promise.all([this.network, other].map((each) => each.run('nft', words)));
    return texts.map(({ stdout }) =>
      (/elements = \{([^}]*)\}/.exec(stdout)?.[1] ?? '').replace(/\s+/g, ' ').trim(),
    );
  }

  memory(): Record<string, unknown> {
    const file = join(this.folder, 'state/firewall/memory.json');
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  }
}

describe('a change of one list', () => {
  systemTest('is in the kernel and the boot file, and all else is quiet', NEEDS, async () => {
    const host = await Host.make();
    const before = host.memory();
    expect(await host.change('198.51.100.1')).toBe('done');
    expect(await host.change('2001:db8::/32')).toBe('done'); // the first of its family
    expect(await host.change('192.0.2.6')).toBe('done'); // touches one that is there
    expect(await host.change('192.0.2.9')).toBe('done'); // is in one that is there
    const both = (text: string): string[] => [text, text];
    expect(await host.blocked(4)).toEqual(both('192.0.2.6-192.0.2.11, 198.51.100.1'));
    expect(await host.blocked(6)).toEqual(both('2001:db8::/32'));
    expect(await host.differs()).toBe(false);
    expect((await host.run('status')).stdout).toContain('the kernel holds what it should');
    expect(host.memory()).toEqual(before);

    expect(await host.change('-198.51.100.1')).toBe('done');
    expect(await host.change('-2001:db8::/32')).toBe('done');
    expect(await host.blocked(4)).toEqual(both('192.0.2.6-192.0.2.11'));
    expect(await host.blocked(6)).toEqual(both(''));
    const listed = async (): Promise<string> =>
      (await host.network.run('nft', ['list', 'ruleset'])).stdout;
    const held = await listed();
    expect(await host.run('apply')).toMatchObject({ code: 0 });
    expect(await listed()).toBe(held);
    expect(host.memory()).toEqual(before);
  });

  systemTest('takes entries that end, and changes their ends', NEEDS, async () => {
    const host = await Host.make();
    const inHours = (hours: number): string =>
      `until=${new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 19)}Z`;
    const ends = async (): Promise<string[]> =>
      (await host.blocked(4)).map((text) =>
        text.replaceAll(/timeout (\S+) expires [^\s,]+/g, (_, time: string) => {
          const [days = 0, hours = 0, minutes = 0] = ['d', 'h', 'm'].map((unit) =>
            Number(new RegExp(`(\\d+)${unit}`).exec(time)?.[1] ?? 0),
          );
          return `${Math.round(days * 24 + hours + minutes / 60)} h`;
        }),
      );
    const both = (text: string): string[] => [text, text];
    const sooner = inHours(2);
    const never = '192.0.2.7-192.0.2.11';
    expect(await host.change(`198.51.100.1 ${sooner}`)).toBe('done');
    expect(await ends()).toEqual(both(`${never}, 198.51.100.1 2 h`));
    expect(await host.change(`198.51.100.0/30 ${inHours(5)}`)).toBe('done'); // around it, and later
    expect(await host.change('198.51.100.2')).toBe('done'); // in it, for ever
    const three = '198.51.100.0/31 5 h, 198.51.100.2, 198.51.100.3 5 h';
    expect(await ends()).toEqual(both(`${never}, ${three}`));
    expect(await host.change('203.0.113.9 until=2001-01-01')).toBe('done'); // ended long ago
    expect(await ends()).toEqual(both(`${never}, ${three}`));
    expect(await host.differs()).toBe(false);
    expect((await host.run('status')).stdout).toContain('the kernel holds what it should');

    expect(await host.change('-198.51.100.2')).toBe('done');
    expect(await host.change(`-198.51.100.1 ${sooner}`)).toBe('done');
    expect(await ends()).toEqual(both(`${never}, 198.51.100.0/30 5 h`));
    const soon = `${new Date(Date.now() + 2000).toISOString().slice(0, 19)}Z`;
    expect(await host.change(`198.51.100.9 until=${soon}`)).toBe('done');
    await sleep(Math.max(0, Date.parse(soon) - Date.now()) + 500);
    expect(await host.change('198.51.100.20')).toBe('done'); // what ran out is no drift
    expect((await ends())[0]).toBe(`${never}, 198.51.100.0/30 5 h, 198.51.100.20`);
    expect(await host.differs()).toBe(false);
  });

  systemTest('that was cut off before the boot file is made up by an apply', NEEDS, async () => {
    const host = await Host.make();
    expect(await host.change('198.51.100.1', 'die')).toBe('done');
    expect(await host.blocked(4)).toEqual([
      '192.0.2.7-192.0.2.11, 198.51.100.1',
      '192.0.2.7-192.0.2.11',
    ]);
    expect(await host.change('198.51.100.3')).toContain('cut off');
    expect(await host.run('apply')).toMatchObject({ code: 0 });
    const all = '192.0.2.7-192.0.2.11, 198.51.100.1, 198.51.100.3';
    expect(await host.blocked(4)).toEqual([all, all]);
    expect(await host.change('198.51.100.5')).toBe('done');
  });

  systemTest('is left to an apply where anything is not as it was left', NEEDS, async () => {
    const host = await Host.make();
    const nft = (...args: string[]): Promise<RunResult> => host.network.run('nft', args);
    const held = async (): Promise<string> => (await nft('list', 'ruleset')).stdout;
    const refuses = async (reason: string): Promise<void> => {
      const before = await held();
      expect(await host.change('198.51.100.1')).toContain(reason);
      expect(await held()).toBe(before);
      await host.configure(RULES);
      expect(await host.run('apply')).toMatchObject({ code: 0 });
      expect(await host.change('-198.51.100.1')).toBe('done');
    };
    await host.configure(RULES.replace('25', '26'));
    await refuses('the configuration has changed');
    await nft('delete', 'element', 'inet', 'sekisho', 'blocked_v4', '{ 192.0.2.7-192.0.2.11 }');
    await refuses('does not hold what the list held');
    await nft('flush', 'chain', 'inet', 'sekisho', 'prerouting');
    await refuses('the rules in the kernel were changed');
    await nft('delete', 'table', 'inet', 'sekisho');
    await refuses('the rules in the kernel were changed');
    await nft('add', 'table', 'inet', 'other'); // somebody else's does not matter
    expect(await host.change('198.51.100.1')).toBe('done');
  });

  systemTest('is left to an apply where rules depend on the list', NEEDS, async () => {
    const rule = '{ name: web, tcp: [80], deny: [blocked] }';
    const host = await Host.make(`${RULES}, ${rule}`);
    expect(await host.change('198.51.100.1')).toBe('done');
    expect(await host.change('2001:db8::/32')).toContain('begins or ends to be empty');
    const other = await Host.make(RULES.replace('asia', 'blocked'), 'blocked: []');
    expect(await other.change('198.51.100.1')).toBe('done');
    expect(await other.change('198.51.100.2 until=2037-01-01')).toContain('elements that end');
    expect(await other.run('apply')).toMatchObject({ code: 0 });
    expect(await other.change('198.51.100.3 until=2037-01-01')).toBe('done');
    expect(await other.differs()).toBe(false);
  });
});
