import { fileURLToPath } from 'node:url';

import { describe, expect } from 'vitest';

import type { Family } from '../../src/ip/family.js';
import { type Probe, hundredLists, probesOf } from '../helpers/hundred-ranges.js';
import { addressSet } from '../helpers/lists.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import { rendered } from '../helpers/rendered.js';
import { decide, readSavedRules } from '../helpers/saved-rules.js';

const SEND_FROM = fileURLToPath(new URL('../helpers/send-from.mjs', import.meta.url));

const VARIANTS: [format: string, variant: string, family: Family][] = [
  ['iptables', 'nft', 4],
  ['iptables', 'legacy', 4],
  ['ip6tables', 'nft', 6],
  ['ip6tables', 'legacy', 6],
];

const ENDS: Record<Family, string[]> = {
  4: ['0.0.0.0', '128.0.0.0', '255.255.255.255'],
  6: ['::', '8000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
};

describe.each(VARIANTS)('format %s in the kernel, by %s', (format, variant, family) => {
  const program = `${format}-${variant}`;
  const needs = [program, `${program}-restore`, `${program}-save`, 'namespace'];

  async function load(network: Namespace, input: string): Promise<void> {
    const result = await network.run(`${program}-restore`, ['--noflush'], { input });
    expect(result).toMatchObject({ code: 0, stderr: '' });
  }

  /** What stands in the kernel, without the comments, which have the time in them. */
  async function saved(network: Namespace): Promise<string> {
    const { stdout } = await network.run(`${program}-save`, ['-t', 'filter']);
    return stdout.replaceAll(/^#.*\n/gm, '');
  }

  systemTest('has every edge of a hundred ranges, and nothing beside', needs, async () => {
    const network = await Namespace.create();
    await load(network, rendered(format, hundredLists()));
    const rules = readSavedRules(await saved(network), 'sekisho-');
    expect([...rules.chains.keys()].some((name) => name.startsWith('sekisho-kr-'))).toBe(true);
    for (const list of ['kr', 'jp']) {
      for (const probe of probesOf(family)) {
        const { target, rulesTested } = decide(rules, `sekisho-${list}`, probe.address);
        expect(target, probe.address).toBe(probe.list === list ? 'DROP' : undefined);
        expect(rulesTested).toBeLessThanOrEqual(40);
      }
    }
  });

  systemTest(
    'drops packets from the lists, hooked as its comments say, and no others',
    [...needs, 'ip'],
    async () => {
      const network = await Namespace.create();
      const text = rendered(format, hundredLists());
      const probes = probesOf(family).filter(isUsableAsSource);
      expect(probes.length).toBeGreaterThan(300);
      const adding = probes.map(
        ({ address }) => `address add ${address} dev lo ${nodad(family)}\n`,
      );
      const ip = await network.run('ip', ['-batch', '-'], { input: adding.join('') });
      expect(ip).toMatchObject({ code: 0 });
      const arrived = async (): Promise<string[]> => {
        const input = probes.map(({ address }) => `${address}\n`).join('');
        const to = family === 4 ? '127.0.0.1' : '::1';
        const result = await network.run(process.execPath, [SEND_FROM, to], { input });
        expect(result).toMatchObject({ code: 0, stderr: '' });
        return result.stdout.trim().split('\n');
      };
      expect(await arrived()).toEqual(probes.map(({ address }) => address));

      await load(network, text);
      const hooks = [...text.matchAll(/^# {3}(\S+) (-I INPUT .*)$/gm)];
      expect(hooks.map((hook) => hook[1])).toEqual([format, format]);
      for (const hook of hooks) {
        const args = String(hook[2]).split(' ');
        expect(await network.run(program, args)).toMatchObject({ code: 0, stderr: '' });
      }
      const welcome = probes.filter(({ list }) => list === undefined);
      expect(await arrived()).toEqual(welcome.map(({ address }) => address));
    },
  );

  systemTest('may be loaded again, beside rules of others', needs, async () => {
    const network = await Namespace.create();
    const text = rendered(format, hundredLists());
    await load(network, '*filter\n:theirs - [0:0]\n-A theirs -p tcp -j ACCEPT\nCOMMIT\n');
    await load(network, text);
    await network.run(program, ['-I', 'INPUT', '-j', 'sekisho-kr']);
    const before = await saved(network);
    expect(before).toContain('-A theirs -p tcp -j ACCEPT');
    expect(before).toContain('-A INPUT -j sekisho-kr');

    await load(network, text);
    expect(await saved(network)).toBe(before);

    const names = ['kr', 'jp'];
    const empty = names.map((name) => ({ name, addresses: addressSet() }));
    await load(network, rendered(format, empty));
    const rules = readSavedRules(await saved(network), 'sekisho-');
    for (const name of names) expect(rules.chains.get(`sekisho-${name}`)).toEqual([]);

    const otherFamily = family === 4 ? 6 : 4;
    await load(network, rendered(format, hundredLists(), { families: [otherFamily] }));
    expect(await saved(network)).not.toBe(before);
    await load(network, text);
    expect(await saved(network)).toBe(before);
  });

  systemTest('holds a whole family, long names, and another target', needs, async () => {
    const network = await Namespace.create();
    const names = ['a23456789_123456789_1234', 'a23456789_123456789_1235', 'a23456789_12345678__'];
    const whole = names.map((name) => ({ name, addresses: addressSet('0.0.0.0/0', '::/0') }));
    await load(network, rendered(format, whole, { action: 'ACCEPT' }));
    const rules = readSavedRules(await saved(network), 'sekisho-');
    expect(rules.chains.size).toBe(3);
    for (const chain of rules.chains.keys()) {
      for (const address of ENDS[family]) {
        expect(decide(rules, chain, address)).toEqual({ target: 'ACCEPT', rulesTested: 1 });
      }
    }

    const divided = hundredLists().map((list, i) => ({ ...list, name: String(names[i]) }));
    await load(network, rendered(format, divided));
    const chains = [...(await saved(network)).matchAll(/^:(sekisho-\S+)/gm)];
    expect(chains.length).toBeGreaterThan(6);
    expect(Math.max(...chains.map((chain) => String(chain[1]).length))).toBe(28);
  });
});

/** Whether the kernel lets a host have the address: no zero network, loopback or class D, E. */
function isUsableAsSource({ family, address }: Probe): boolean {
  if (family === 6) return /^[23]/.test(address);
  const octet = Number(address.split('.')[0]);
  return octet !== 0 && octet !== 127 && octet < 224;
}

/** IPv6 would wait until it knows that nobody else has the address. */
function nodad(family: Family): string {
  return family === 6 ? 'nodad' : '';
}
