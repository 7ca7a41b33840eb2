import { fileURLToPath } from 'node:url';

import { Agent } from './agent.js';
import { Namespace } from './namespace.js';
import { searchPath } from './programs.js';

const TRAFFIC = fileURLToPath(new URL('traffic-agent.mjs', import.meta.url));
const FIREWALL = fileURLToPath(new URL('firewall-agent.mjs', import.meta.url));
const PING = fileURLToPath(new URL('ping.pl', import.meta.url));

/** A backend and how it reaches the kernel: path of elements, or implementation of iptables. */
export interface Variant {
  readonly backend: 'nftables' | 'ipset' | 'iptables';
  readonly elements?: 'nft' | 'netlink';
  readonly iptables?: 'nft' | 'legacy';
}

/** Who connects: addresses of the client, IPv4 and IPv6. */
export const PEERS = {
  /** in the list `asia` */
  denied: ['203.0.113.10', '2001:db8:a::10'],
  /** in `asia` and in `trusted` */
  trusted: ['203.0.113.200', '2001:db8:a:8000::10'],
  /** in `home` */
  home: ['198.51.100.10', '2001:db8:b::10'],
  /** in `office` */
  office: ['198.51.100.40', '2001:db8:b:f::10'],
  /** in `blocked` */
  blocked: ['198.51.100.70', '2001:db8:c::10'],
  /** in `blocked` and `asia`, and an administrator's */
  admin: ['203.0.113.20', '2001:db8:a::20'],
  /** in no list */
  unlisted: ['192.0.2.10', '2001:db8:d::10'],
  /** private, in no list */
  private: ['10.9.0.1', 'fd09::1'],
} as const;

export type Peer = keyof typeof PEERS;

export const LISTS: Readonly<Record<string, readonly string[]>> = {
  asia: ['203.0.113.0/24', '2001:db8:a::/48'],
  trusted: ['203.0.113.128/25', '2001:db8:a:8000::/49'],
  home: ['198.51.100.0/27', '2001:db8:b::/64'],
  office: ['198.51.100.32/27', '2001:db8:b:f::/64'],
  blocked: ['198.51.100.64/26', '203.0.113.20', '2001:db8:c::/48', '2001:db8:a::20'],
};

/** What a backend is to enforce. */
export interface Wish {
  readonly firewall: Readonly<Record<string, unknown>>;
  readonly lists: Readonly<Record<string, readonly string[]>>;
}

/** A flow to be tried; echo requests are the client's. */
export interface Attempt {
  /** Who opens it. */
  readonly host: 'client' | 'server' | 'guest';
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly from: string;
  readonly to: string;
  /** None for an echo request. */
  readonly port: number | undefined;
}

export interface Told {
  readonly present: boolean;
  readonly rules: readonly string[];
  readonly lists: readonly {
    list: string;
    family: number;
    missing: number;
    surplus: number;
  }[];
}

export interface Count {
  readonly rule: string;
  readonly list: string;
  readonly packets: number;
  readonly bytes: number;
}

export const SERVER = { 4: '10.9.0.2', 6: 'fd09::2' };
/** The server's addresses whose port 25 goes on to the host behind it. */
export const FORWARDED = { 4: '10.9.0.3', 6: 'fd09::3' };
/** Addresses of the host behind the server to which packets are routed, without DNAT. */
export const GUEST = { 4: '192.0.2.130', 6: '2001:db8:e::130' };
export const TCP_PORTS = [22, 25, 80, 465, 6001];

/**
 * A client, a server and behind it a host to which the server forwards port 25 of one of its
 * addresses, as port 2525; each in a namespace of its own.
 */
export class FirewallNetwork {
  readonly #variant: Variant;
  readonly client: Namespace;
  readonly server: Namespace;
  readonly #clientAgent: Agent;
  readonly #serverAgent: Agent;
  readonly #innerAgent: Agent;
  #firewall: Agent;

  private constructor(
    variant: Variant,
    [client, server]: [Namespace, Namespace],
    [clientAgent, serverAgent, innerAgent, firewall]: [Agent, Agent, Agent, Agent],
  ) {
    this.#variant = variant;
    this.client = client;
    this.server = server;
    this.#clientAgent = clientAgent;
    this.#serverAgent = serverAgent;
    this.#innerAgent = innerAgent;
    this.#firewall = firewall;
  }

  static async create(variant: Variant): Promise<FirewallNetwork> {
    const [client, server, inner] = [
      await Namespace.create(),
      await Namespace.create(),
      await Namespace.create(),
    ];
    await connect(client, server, inner);
    const [clientAgent, serverAgent, innerAgent, firewall] = [
      await Agent.start(client, TRAFFIC),
      await Agent.start(server, TRAFFIC),
      await Agent.start(inner, TRAFFIC),
      await startFirewall(server, variant),
    ];
    for (const name of ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding']) {
      await serverAgent.ask({ do: 'sysctl', name, value: '1' });
    }
    const udpAddresses = Object.values(SERVER);
    await serverAgent.ask({ do: 'listen', tcp: TCP_PORTS, udp: [53], udpAddresses });
    await innerAgent.ask({ do: 'listen', tcp: [2525] });
    const there = Object.values(PEERS).flat();
    await clientAgent.ask({ do: 'listen', tcp: [7000], udp: [7000], udpAddresses: there });
    const nat = await server.run('nft', ['-f', '-'], { input: FORWARDING });
    if (nat.code !== 0) throw new Error(`nft: ${nat.stderr}`);
    const network = new FirewallNetwork(
      variant,
      [client, server],
      [clientAgent, serverAgent, innerAgent, firewall],
    );
    await network.#warmUp();
    return network;
  }

  /** The first packets of a new link may get lost while neighbours look for each other. */
  async #warmUp(): Promise<void> {
    for (let attempt = 1; attempt <= 10; attempt++) {
      const verdicts = await Promise.all([
        this.tcp('private', 22),
        this.tcpForwarded('private'),
        this.tcpThrough('private'),
        this.tcpToGuest('private'),
        this.tcpFromGuest('private'),
        this.tcpOut('private'),
      ]);
      if (verdicts.every((verdict) => verdict === 'open')) return;
    }
    throw new Error('the network of the test does not work without a firewall');
  }

  /** Compares and applies, as the program does; tells what differed. */
  apply(wish: Wish): Promise<Told> {
    return this.#firewall.ask({ do: 'apply', ...wish });
  }

  compare(wish: Wish): Promise<Told> {
    return this.#firewall.ask({ do: 'compare', ...wish });
  }

  findObstacle(): Promise<string | null> {
    return this.#firewall.ask({ do: 'findObstacle' });
  }

  /** Writes what gives the kernel this wish again, after an apply of it. */
  async writeBootFiles(wish: Wish, folder: string): Promise<void> {
    await this.#firewall.ask({ do: 'writeBootFiles', folder, ...wish });
  }

  async loadBoot(folder: string): Promise<void> {
    await this.#firewall.ask({ do: 'loadBoot', folder });
  }

  async flush(): Promise<void> {
    await this.#firewall.ask({ do: 'flush' });
  }

  /** Another agent for the same namespace, with programs of a folder before all others. */
  async withPrograms(folder: string, variant: Variant = this.#variant): Promise<Agent> {
    return startFirewall(this.server, variant, { PATH: `${folder}:${searchPath}` });
  }

  /** How often a rule denied because of a list. */
  async count(rule: string, list: string): Promise<number> {
    const counts = await this.#firewall.ask<Count[]>({ do: 'countDenied' });
    return counts.find((count) => count.rule === rule && count.list === list)?.packets ?? NaN;
  }

  /** SIGKILL to the process that applies, some milliseconds after it began. */
  async killDuringApply(wish: Wish, afterMs: number): Promise<void> {
    const done = this.apply(wish).catch(() => undefined);
    const timer = setTimeout(() => void this.#firewall.kill(), afterMs);
    await done;
    clearTimeout(timer);
    await this.#firewall.kill();
    this.#firewall = await startFirewall(this.server, this.#variant);
  }

  /** Connects from the client, over both families: two verdicts, or one where they agree. */
  async tcp(peer: Peer, port: number, to = SERVER): Promise<string> {
    return agreed(
      ([4, 6] as const).map((family, i) =>
        this.#clientAgent.ask<string>({
          do: 'connect',
          from: PEERS[peer][i],
          to: to[family],
          port,
        }),
      ),
    );
  }

  async udp(peer: Peer, port: number): Promise<string> {
    return agreed(
      ([4, 6] as const).map((family, i) =>
        this.#clientAgent.ask<string>({
          do: 'ask',
          from: PEERS[peer][i],
          to: SERVER[family],
          port,
        }),
      ),
    );
  }

  /** Port 25 of the address whose connections go on to port 2525 of the host behind. */
  tcpForwarded(peer: Peer): Promise<string> {
    return this.tcp(peer, 25, FORWARDED);
  }

  async ping(peer: Peer): Promise<string> {
    return agreed(
      ([4, 6] as const).map((family, i) => this.#echo(PEERS[peer][i] ?? '', SERVER[family])),
    );
  }

  async #echo(from: string, to: string): Promise<string> {
    const { code, stdout, stderr } = await this.client.run('perl', [PING, from, to]);
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  }

  /** What becomes of one flow, over the one family of its addresses. */
  verdictOn({ host, protocol, ...request }: Attempt): Promise<string> {
    if (protocol === 'icmp') return this.#echo(request.from, request.to);
    const agents = {
      client: this.#clientAgent,
      server: this.#serverAgent,
      guest: this.#innerAgent,
    };
    return agents[host].ask({ do: protocol === 'tcp' ? 'connect' : 'ask', ...request });
  }

  /** A port of the host behind the server, at the address that is its own. */
  tcpToGuest(peer: Peer): Promise<string> {
    return this.tcp(peer, 2525, GUEST);
  }

  /** Our own connection to a peer. */
  async tcpOut(peer: Peer): Promise<string> {
    return agreed(
      ([4, 6] as const).map((family, i) =>
        this.#serverAgent.ask<string>({
          do: 'connect',
          from: SERVER[family],
          to: PEERS[peer][i],
          port: 7000,
        }),
      ),
    );
  }

  /** A connection of the host behind the server to a peer. */
  tcpThrough(peer: Peer): Promise<string> {
    return this.#tcpFromInner(peer, ['10.8.0.2', 'fd08::2']);
  }

  /** The same from the address that is its own. */
  tcpFromGuest(peer: Peer): Promise<string> {
    return this.#tcpFromInner(peer, Object.values(GUEST));
  }

  #tcpFromInner(peer: Peer, own: readonly string[]): Promise<string> {
    return agreed(
      own.map((from, i) =>
        this.#innerAgent.ask<string>({ do: 'connect', from, to: PEERS[peer][i], port: 7000 }),
      ),
    );
  }

  async udpOut(peer: Peer): Promise<string> {
    return agreed(
      ([4, 6] as const).map((family, i) =>
        this.#serverAgent.ask<string>({
          do: 'ask',
          from: SERVER[family],
          to: PEERS[peer][i],
          port: 7000,
        }),
      ),
    );
  }

  /** Opens connections that stay, from a peer to the host behind us. */
  async holdThrough(peer: Peer): Promise<void> {
    for (const [i, family] of ([4, 6] as const).entries()) {
      const from = PEERS[peer][i];
      const dnat = { name: `dnat${family}`, from, to: FORWARDED[family], port: 25 };
      const guest = { name: `guest${family}`, from, to: GUEST[family], port: 2525 };
      for (const way of [dnat, guest]) await this.#clientAgent.ask({ do: 'hold', ...way });
    }
  }

  async useHeldThrough(): Promise<{ throughDnat: string; toGuest: string }> {
    const use = (name: string): Promise<string> =>
      agreed([4, 6].map((k) => this.#clientAgent.ask<string>({ do: 'use', name: `${name}${k}` })));
    return { throughDnat: await use('dnat'), toGuest: await use('guest') };
  }

  /** One UDP packet from an address of the client's to port 9, which nobody answers. */
  async sendDatagram(from: string, to: string): Promise<void> {
    await this.#clientAgent.ask({ do: 'send', from, to, port: 9 });
  }

  /** The IPv6 address that the kernel gave an end of the link, as the client speaks of it. */
  async linkLocal(end: Namespace): Promise<string> {
    const args = ['-6', '-o', 'address', 'show', 'dev', 'outer', 'scope', 'link'];
    const { stdout } = await end.run('ip', args);
    return `${/inet6 (\S+)\//.exec(stdout)?.[1] ?? 'no link-local address'}%outer`;
  }

  /** Opens connections that stay, from a peer to us and from us to it. */
  async hold(peer: Peer): Promise<void> {
    for (const [i, family] of ([4, 6] as const).entries()) {
      const there = PEERS[peer][i];
      const here = SERVER[family];
      const name = `${peer}${family}`;
      await this.#clientAgent.ask({ do: 'hold', name, from: there, to: here, port: 80 });
      await this.#serverAgent.ask({ do: 'hold', name, from: here, to: there, port: 7000 });
    }
  }

  /** Whether held connections still carry data. */
  async useHeld(peer: Peer): Promise<{ inbound: string; outbound: string }> {
    const use = (agent: Agent): Promise<string> =>
      agreed([4, 6].map((family) => agent.ask<string>({ do: 'use', name: `${peer}${family}` })));
    return { inbound: await use(this.#clientAgent), outbound: await use(this.#serverAgent) };
  }
}

async function startFirewall(
  server: Namespace,
  variant: Variant,
  env: Readonly<Record<string, string>> = {},
): Promise<Agent> {
  const way = variant.iptables ?? variant.elements;
  const args = [variant.backend, ...(way === undefined ? [] : [way])];
  return Agent.start(server, FIREWALL, args, env);
}

/** The verdict of all, or all of them where they differ. */
async function agreed(verdicts: readonly Promise<string>[]): Promise<string> {
  const all = await Promise.all(verdicts);
  return new Set(all).size === 1 ? String(all[0]) : all.join(' / ');
}

/** The server's addresses 10.9.0.3 and fd09::3 forward port 25. */
const FORWARDING = `
table inet forwarding {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ip daddr 10.9.0.3 tcp dport 25 dnat to 10.8.0.2:2525
    ip6 daddr fd09::3 tcp dport 25 dnat to [fd08::2]:2525
  }
}
`;

async function connect(client: Namespace, server: Namespace, inner: Namespace): Promise<void> {
  const links: [Namespace, string][] = [
    [client, `link add outer type veth peer name outer netns ${server.name}`],
    [inner, `link add inside type veth peer name inside netns ${server.name}`],
  ];
  for (const [from, line] of links) await ipBatch(from, [line]);
  await ipBatch(client, [
    'link set outer up',
    'address add 10.9.0.1/24 dev outer',
    'address add fd09::1/64 dev outer nodad',
    ...Object.entries(PEERS).flatMap(([name, [v4, v6]]) =>
      name === 'private'
        ? []
        : [`address add ${v4}/32 dev outer`, `address add ${v6}/128 dev outer nodad`],
    ),
    'route add 10.8.0.0/24 via 10.9.0.2',
    '-6 route add fd08::/64 via fd09::2',
    `route add ${GUEST[4]}/32 via 10.9.0.2`,
    `-6 route add ${GUEST[6]}/128 via fd09::2`,
  ]);
  await ipBatch(server, [
    'link set outer up',
    'link set inside up',
    'address add 10.9.0.2/24 dev outer',
    'address add 10.9.0.3/24 dev outer',
    'address add fd09::2/64 dev outer nodad',
    'address add fd09::3/64 dev outer nodad',
    'address add 10.8.0.1/24 dev inside',
    'address add fd08::1/64 dev inside nodad',
    'route add default via 10.9.0.1',
    '-6 route add default via fd09::1',
    `route add ${GUEST[4]}/32 via 10.8.0.2`,
    `-6 route add ${GUEST[6]}/128 via fd08::2`,
  ]);
  await ipBatch(inner, [
    'link set inside up',
    'address add 10.8.0.2/24 dev inside',
    'address add fd08::2/64 dev inside nodad',
    `address add ${GUEST[4]}/32 dev inside`,
    `address add ${GUEST[6]}/128 dev inside nodad`,
    'route add default via 10.8.0.1',
    '-6 route add default via fd08::1',
  ]);
}

async function ipBatch(namespace: Namespace, lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const { code, stderr } = await namespace.run('ip', line.split(' '));
    if (code !== 0) throw new Error(`ip ${line}: ${stderr}`);
  }
}
