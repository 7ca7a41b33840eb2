import type { Variant } from './firewall-network.js';
import type { Namespace } from './namespace.js';

/** Something that other programs or people do to our rules. */
export interface Damage {
  readonly name: string;
  make(): Promise<void>;
}

/** A firewall that somebody loads over ours, as docker's or an administrator's restore does. */
const RESTORED = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j ACCEPT
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
COMMIT
`;

/** What Debian's stock nftables.conf does. */
const STOCK_NFT = `flush ruleset
table inet filter {
  chain input { type filter hook input priority filter; }
  chain forward { type filter hook forward priority filter; }
  chain output { type filter hook output priority filter; }
}
`;

/** Made one after the other, each on rules that are whole. */
export function damagesOf(server: Namespace, { backend, iptables }: Variant): Damage[] {
  const damage = (name: string, program: string, args: string, input = ''): Damage => ({
    name,
    make: async () => {
      const { code, stderr } = await server.run(program, args.split(' '), { input });
      if (code !== 0) throw new Error(`${program} ${args}: ${stderr}`);
    },
  });
  if (backend === 'nftables') {
    return [
      damage('our jump deleted', 'nft', 'flush chain inet sekisho prerouting'),
      damage('our hook deleted', 'nft', 'delete chain inet sekisho prerouting'),
      damage('the table put to sleep', 'nft', 'add table inet sekisho { flags dormant; }'),
      damage('a rule added', 'nft', 'insert rule inet sekisho judge.in accept'),
      damage('a rule chain emptied', 'nft', 'flush chain inet sekisho rule.mail'),
      damage('a set emptied', 'nft', 'flush set inet sekisho asia_v4'),
      damage(
        'an element removed',
        'nft',
        'delete element inet sekisho asia_v6 { 2001:db8:a::/48 }',
      ),
      damage('an element added', 'nft', 'add element inet sekisho asia_v4 { 192.0.2.10 }'),
      damage('the stock ruleset loaded', 'nft', '-f -', STOCK_NFT),
    ];
  }
  const v4 = `iptables-${iptables}`;
  const v6 = `ip6tables-${iptables}`;
  const list = backend === 'ipset' ? setDamages(damage) : treeDamages(damage, v4, v6);
  return [
    damage('our jump deleted', v4, '-t mangle -D PREROUTING -j SEKISHO-IN'),
    damage('our IPv6 jump deleted', v6, '-t mangle -D PREROUTING -j SEKISHO-IN'),
    damage('a rule before our jump', v4, '-t mangle -I PREROUTING 1 -p tcp --dport 25 -j ACCEPT'),
    damage('our reject moved away', v4, '-t filter -I INPUT 1 -p tcp --dport 80 -j ACCEPT'),
    damage('our jump twice', v4, '-t mangle -A PREROUTING -j SEKISHO-IN'),
    damage('a jump of others', v4, '-t mangle -I OUTPUT 1 -j SEKISHO-IN'),
    damage('a rule added', v6, '-t mangle -I SEKISHO-IN 1 -j RETURN'),
    damage('a rule chain emptied', v4, '-t mangle -F SEKISHO-r-mail'),
    ...list,
    damage('rules restored over ours', `${v4}-restore`, '-w 10', RESTORED),
    damage('IPv6 rules restored over ours', `${v6}-restore`, '-w 10', RESTORED),
  ];
}

type Make = (name: string, program: string, args: string) => Damage;

function setDamages(damage: Make): Damage[] {
  return [
    damage('a set emptied', 'ipset', 'flush sekisho-asia_v4'),
    damage('an element removed', 'ipset', 'del sekisho-asia_v6 2001:db8:a::/48'),
    damage('an element added', 'ipset', 'add sekisho-asia_v4 192.0.2.10'),
    damage('a hole made', 'ipset', 'add sekisho-asia_v4 203.0.113.10 nomatch'),
    damage('a set of ours added', 'ipset', 'create sekisho-old_v4 hash:net'),
  ];
}

function treeDamages(damage: Make, v4: string, v6: string): Damage[] {
  const tree = '-t mangle SEKISHO-t-mail.asia-0';
  const at = (action: string): string => tree.replace('mangle ', `mangle ${action} `);
  return [
    damage('a list emptied', v4, at('-F')),
    damage('an element removed', v6, `${at('-D')} 1`),
    damage('an element added', v4, `${at('-A')} -s 192.0.2.10 -g SEKISHO-d-mail.asia`),
    damage('a way out made', v4, `${at('-I')} -j RETURN`),
  ];
}
