import { describe, expect } from 'vitest';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';

const nftables = `table inet gate {
  set home {
    type ipv4_addr
    flags interval
    elements = { 192.0.2.0/24, 198.51.100.1-198.51.100.9 }
  }
  chain input {
    type filter hook input priority 0; policy accept;
    ip saddr @home tcp dport 22 drop
  }
}
`;

describe('programs of the firewall', () => {
  systemTest(
    'nft loads an interval set and finds addresses in it',
    ['nft', 'namespace'],
    async () => {
      const network = await Namespace.create();
      const find = (address: string) =>
        network.run('nft', ['get', 'element', 'inet', 'gate', 'home', `{ ${address} }`]);

      expect(await network.run('nft', ['-f', '-'], { input: nftables })).toMatchObject({ code: 0 });
      expect((await find('192.0.2.77')).stdout).toContain('192.0.2.0/24');
      expect((await find('198.51.100.10')).code).toBe(1);
    },
  );

  systemTest('a namespace shares no rules with another', ['nft', 'namespace'], async () => {
    const [network, other] = [await Namespace.create(), await Namespace.create()];
    await network.run('nft', ['-f', '-'], { input: nftables });
    expect((await network.run('nft', ['list', 'tables'])).stdout).toBe('table inet gate\n');
    expect(await other.run('nft', ['list', 'tables'])).toMatchObject({ code: 0, stdout: '' });
  });

  systemTest('ipset restores a set and tests addresses', ['ipset', 'namespace'], async () => {
    const network = await Namespace.create();
    const input = 'create home hash:net family inet\nadd home 192.0.2.0/24\n';
    const find = (address: string) => network.run('ipset', ['test', 'home', address]);

    expect(await network.run('ipset', ['restore'], { input })).toMatchObject({ code: 0 });
    expect((await find('192.0.2.77')).code).toBe(0);
    expect((await find('198.51.100.1')).code).toBe(1);
  });

  for (const program of [
    'iptables-nft',
    'iptables-legacy',
    'ip6tables-nft',
    'ip6tables-legacy',
  ] as const) {
    const needs = [program, `${program}-restore`, `${program}-save`, 'namespace'];
    systemTest(`${program} restores rules and saves the same`, needs, async () => {
      const network = await Namespace.create();
      const source = program.startsWith('ip6') ? '2001:db8::/32' : '192.0.2.0/24';
      // Both matches are modules, which iptables loads from XTABLES_LIBDIR.
      const rule = `-A INPUT -s ${source} -p tcp -m multiport --dports 25,587 -m comment --comment gate -j DROP`;
      const input = `*filter\n:INPUT ACCEPT [0:0]\n${rule}\nCOMMIT\n`;

      expect(await network.run(`${program}-restore`, [], { input })).toMatchObject({ code: 0 });
      expect((await network.run(`${program}-save`)).stdout).toContain(`\n${rule}\n`);
      expect(await network.run(program, ['-C', ...rule.split(' ').slice(1)])).toMatchObject({
        code: 0,
      });
    });
  }

  systemTest(
    'iptables-legacy asks a set of ipset',
    ['iptables-legacy-restore', 'ipset', 'namespace'],
    async () => {
      const network = await Namespace.create();
      const input = '*filter\n-A INPUT -m set --match-set home src -j REJECT\nCOMMIT\n';
      const restore = () => network.run('iptables-legacy-restore', [], { input });

      expect((await restore()).stderr).toContain('Set home doesn');
      await network.run('ipset', ['create', 'home', 'hash:net']);
      expect(await restore()).toMatchObject({ code: 0 });
    },
  );
});
