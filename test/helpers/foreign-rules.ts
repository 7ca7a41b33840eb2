import type { Variant } from './firewall-network.js';
import type { Namespace } from './namespace.js';

/** Rules of other programs in the same network. */
export interface ForeignRules {
  /** Loads rules as docker, fail2ban and an administrator make them. */
  load(): Promise<void>;
  /** All of them as text, without counts. */
  read(): Promise<string>;
  /** Everything that the kernel holds, ours too, with what tells a rewritten rule. */
  everything(): Promise<string>;
}

const NFT = `
table inet theirs {
  set banned { type ipv4_addr; flags interval; elements = { 192.0.2.128/25 } }
  chain DOCKER { type filter hook prerouting priority -150; ip saddr @banned counter drop; }
}
table ip sekisho_not {
  chain input { type filter hook input priority 0; tcp dport 1 drop; }
}
`;

const IPTABLES = `*mangle
:theirs - [0:0]
-A PREROUTING -p tcp -m tcp --dport 1 -j theirs
-A theirs -j MARK --set-xmark 0x1/0x1
COMMIT
*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 80
COMMIT
*filter
:DOCKER-USER - [0:0]
:sekisho-kr - [0:0]
:f2b-sshd - [0:0]
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A INPUT -j sekisho-kr
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -j RETURN
-A f2b-sshd -s FAMILY_ADDRESS -j REJECT
-A f2b-sshd -j RETURN
-A sekisho-kr -p udp -m udp --dport 1 -j DROP
COMMIT
`;

const SETS = 'create theirs hash:ip\nadd theirs 192.0.2.200\ncreate kr_v4 hash:net\n';

export function foreignRulesOf(server: Namespace, { backend, iptables }: Variant): ForeignRules {
  const run = async (program: string, args: string[], input = ''): Promise<string> => {
    const { code, stdout, stderr } = await server.run(program, args, { input });
    if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const programs = iptables ? [`iptables-${iptables}`, `ip6tables-${iptables}`] : [];
  const saved = async (...args: string[]): Promise<string> => {
    const texts = await Promise.all(programs.map((name) => run(`${name}-save`, args)));
    // a table of the standard chains alone does nothing, and iptables leaves it when it has gone
    const empty = /^\*\w+\n(:[A-Z]+ ACCEPT \[\d+:\d+\]\n)*COMMIT\n/gm;
    return texts
      .join('')
      .replaceAll(/^#.*\n/gm, '')
      .replaceAll(empty, '');
  };
  return {
    async load() {
      if (backend === 'nftables') await run('nft', ['-f', '-'], NFT);
      if (backend === 'ipset') await run('ipset', ['restore'], SETS);
      for (const name of programs) {
        const address = name.startsWith('ip6') ? '2001:db8:f::1/128' : '192.0.2.129/32';
        const input = IPTABLES.replace('FAMILY_ADDRESS', address);
        await run(`${name}-restore`, ['--noflush'], input);
      }
    },

    async read() {
      const sets = backend === 'ipset' ? await run('ipset', ['save']) : '';
      // iptables-nft is seen by its own program; its tables come and go with their rules
      const tables = iptables ? '' : await run('nft', ['-s', 'list', 'ruleset']);
      const rules = (await saved()).replaceAll(/^(:.*) \[\d+:\d+\]$/gm, '$1');
      return [sets, tables, rules].join('\n');
    },

    async everything() {
      const handles =
        iptables === 'legacy' ? '' : await run('nft', ['-a', '-s', 'list', 'ruleset']);
      const sets = backend === 'ipset' ? await run('ipset', ['save']) : '';
      // counts tell a rule that was written again; only those of denials stand still
      const rules = (await saved('-c'))
        .replaceAll(/^\[\d+:\d+\] (?!.*"sekisho )/gm, '')
        .replaceAll(/^(:.*) \[\d+:\d+\]$/gm, '$1');
      return [handles, sets, rules].join('\n');
    },
  };
}
