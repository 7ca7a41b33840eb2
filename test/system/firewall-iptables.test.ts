import { chmod, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import {
  FirewallNetwork,
  LISTS,
  PEERS,
  type Told,
  type Variant,
  type Wish,
} from '../helpers/firewall-network.js';
import { foreignRulesOf } from '../helpers/foreign-rules.js';
import { programPath } from '../helpers/run.js';
import { systemTest } from '../helpers/programs.js';

/*
 * What is peculiar to iptables and ipset, beside the contract.
 */

const NEEDS = ['namespace', 'ip', 'nft', 'perl', 'ipset'];

const BEFORE: Wish = {
  firewall: { rules: [{ name: 'mail', tcp: [25], deny: ['asia'] }] },
  lists: LISTS,
};
const AFTER: Wish = {
  firewall: {
    rules: [
      { name: 'mail', tcp: [25, 465], deny: ['asia'], action: 'reject' },
      { name: 'ssh', tcp: [22], only: ['home'] },
    ],
  },
  lists: { ...LISTS, asia: ['192.0.2.0/24', '2001:db8:d::/48'] },
};

const VARIANTS: Variant[] = [
  { backend: 'ipset', iptables: 'nft' },
  { backend: 'iptables', iptables: 'legacy' },
];

/** How many elements the set of asia may have. */
async function limitOf({ server }: FirewallNetwork): Promise<number> {
  const { stdout } = await server.run('ipset', ['list', '-t', 'sekisho-asia_v4']);
  return Number(/maxelem (\d+)/.exec(stdout)?.[1]);
}

describe.each(VARIANTS)('backend $backend, iptables-$iptables', (variant) => {
  const { iptables } = variant;
  const needs = [...NEEDS, `iptables-${iptables}-restore`, `ip6tables-${iptables}-restore`];

  systemTest('puts IPv4 and sets back where IPv6 fails', needs, async () => {
    const network = await FirewallNetwork.create(variant);
    await network.apply(BEFORE);
    await network.tcp('denied', 25);
    const read = async (): Promise<string> => {
      const text = await foreignRulesOf(network.server, variant).read();
      return text.replaceAll(/initval \S+/g, ''); // of a set that went and came back
    };
    const before = await read();
    const programs = await temporaryFolder();
    const failing = join(programs, `ip6tables-${iptables}-restore`);
    await writeFile(failing, '#!/bin/sh\necho "made to fail" >&2\nexit 1\n');
    await chmod(failing, 0o755);
    const agent = await network.withPrograms(programs);
    await expect(agent.ask({ do: 'apply', ...AFTER })).rejects.toThrow(/made to fail/);
    expect(await read()).toBe(before);
    expect(await network.compare(BEFORE)).toEqual({ present: true, rules: [], lists: [] });
    expect(await agent.ask({ do: 'findObstacle' })).toMatch(
      /^ip6tables-\w+-restore does not work, and this host has IPv6: made to fail$/,
    );
    expect(await network.count('mail', 'asia')).toBe(2);
    await network.apply(AFTER);
    expect(await network.compare(AFTER)).toEqual({ present: true, rules: [], lists: [] });
  });
});

systemTest(
  'the implementation that update-alternatives chose is used',
  [...NEEDS, 'iptables-legacy-restore'],
  async () => {
    const network = await FirewallNetwork.create({ backend: 'ipset', iptables: 'nft' });
    const programs = await temporaryFolder();
    for (const name of ['iptables', 'ip6tables']) {
      for (const what of ['save', 'restore']) {
        await symlink(programPath(`${name}-legacy-${what}`), join(programs, `${name}-${what}`));
      }
    }
    const agent = await network.withPrograms(programs, { backend: 'ipset' });
    await agent.ask({ do: 'apply', ...BEFORE });
    const legacy = await network.server.run('iptables-legacy-save');
    expect(legacy.stdout).toContain('-A PREROUTING -j SEKISHO-IN');
    const nft = await network.server.run('nft', ['list', 'ruleset']);
    expect(nft.stdout).not.toContain('SEKISHO');
    await agent.ask({ do: 'flush' });
  },
);

/** What iptables says where the kernel has no xt_time, as of another match that it has not. */
function withoutTime(program: string, end: number): string {
  return `#!/bin/sh
input=$(cat)
case $input in *'-m time'*)
  echo 'Warning: Extension time revision 0 not supported, missing kernel module?' >&2
  echo 'iptables-restore: line 4 failed' >&2
  exit ${end} ;;
esac
printf '%s\\n' "$input" | '${program}' "$@"
`;
}

describe.each(['nft', 'legacy'] as const)('a kernel without xt_time, iptables-%s', (iptables) => {
  const programs = [`iptables-${iptables}-restore`, `ip6tables-${iptables}-restore`];

  systemTest('is told, and changes nothing', [...NEEDS, ...programs], async () => {
    const variant: Variant = { backend: 'iptables', iptables };
    const network = await FirewallNetwork.create(variant);
    const folder = await temporaryFolder();
    for (const name of programs) {
      const text = withoutTime(programPath(name), iptables === 'nft' ? 4 : 1);
      await writeFile(join(folder, name), text, { mode: 0o755 });
    }
    const agent = await network.withPrograms(folder);
    await agent.ask({ do: 'apply', ...BEFORE });
    const foreign = foreignRulesOf(network.server, variant);
    const before = await foreign.everything();
    const ending = (entry: string): string => `${entry} until=2037-01-01`;
    const wish: Wish = { ...BEFORE, lists: { ...LISTS, asia: LISTS['asia']?.map(ending) ?? [] } };
    await expect(agent.ask({ do: 'apply', ...wish })).rejects.toThrow(
      /load the kernel's module \(modprobe xt_time\), which entries that end \(until=\) need/,
    );
    expect(await foreign.everything()).toBe(before);
    expect(await network.compare(BEFORE)).toEqual({ present: true, rules: [], lists: [] });
  });
});

systemTest(
  'many large lists are not too deep for iptables-nft',
  [...NEEDS, 'iptables-nft-restore'],
  async () => {
    const network = await FirewallNetwork.create({ backend: 'iptables', iptables: 'nft' });
    const prefixes = (octet: number): string[] =>
      Array.from({ length: 3000 }, (_, i) => `${octet}.${i >> 7}.${(2 * i) & 255}.0/24`);
    const rule = { name: 'all', deny: ['asia', 'b'], except: ['c', 'd'] };
    const wish: Wish = {
      firewall: { allow: ['e'], rules: [rule, { name: 'ssh', tcp: [22], only: ['c', 'home'] }] },
      lists: {
        ...LISTS,
        asia: [...prefixes(11), ...PEERS.denied],
        b: [...prefixes(12), ...PEERS.unlisted],
        c: [...prefixes(13), '2001:db8:1::/48'],
        d: [...prefixes(14), ...PEERS.office],
        e: [...prefixes(15), ...PEERS.trusted],
      },
    };
    await network.apply(wish);
    expect(await network.compare(wish)).toEqual({ present: true, rules: [], lists: [] });
    const peers = ['denied', 'unlisted', 'office', 'trusted', 'home'] as const;
    const verdicts = await Promise.all(
      peers.map((peer) => Promise.all([network.tcp(peer, 22), network.tcp(peer, 80)])),
    );
    expect(verdicts).toEqual([
      ['dropped', 'dropped'],
      ['dropped', 'dropped'],
      ['dropped', 'open'],
      ['open', 'open'],
      ['open', 'open'],
    ]);
  },
);

systemTest(
  'a name that ipset does not take changes nothing',
  [...NEEDS, 'iptables-nft-restore'],
  async () => {
    const variant: Variant = { backend: 'ipset', iptables: 'nft' };
    const network = await FirewallNetwork.create(variant);
    await network.apply(BEFORE);
    const before = await foreignRulesOf(network.server, variant).everything();
    const name = 'a_list_of_22_characters';
    const long: Wish = {
      firewall: { rules: [{ name: 'x', tcp: [1], deny: [name] }] },
      lists: { ...LISTS, [name]: ['192.0.2.1'] },
    };
    await expect(network.apply(long)).rejects.toThrow(
      /which has \d+ characters; expected at most 31/,
    );
    expect(await foreignRulesOf(network.server, variant).everything()).toBe(before);
  },
);

systemTest(
  'a list of 70,000 prefixes goes into a set and comes back',
  [...NEEDS, 'iptables-nft-restore'],
  async () => {
    const network = await FirewallNetwork.create({ backend: 'ipset', iptables: 'nft' });
    const many = Array.from(
      { length: 70_000 },
      (_, i) => `11.${i >> 15}.${(i >> 7) & 255}.${(2 * i) & 255}`,
    );
    const large: Wish = { ...BEFORE, lists: { ...LISTS, asia: many } };
    await network.apply(BEFORE);
    expect(await limitOf(network)).toBe(65_536);
    await network.apply(large);
    expect(await limitOf(network)).toBe(131_072);
    expect(await network.compare(large)).toEqual({ present: true, rules: [], lists: [] });
    const fewer: Wish = { ...large, lists: { ...LISTS, asia: many.slice(1) } };
    const told: Told = await network.compare(fewer);
    expect(told.lists).toEqual([{ list: 'asia', family: 4, missing: 0, surplus: 1 }]);
  },
);
