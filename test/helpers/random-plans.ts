import { type Attempt, FORWARDED, GUEST, PEERS, SERVER, type Wish } from './firewall-network.js';
import { randomNumbers } from './random-numbers.js';

/** One of the ways through the network of the tests, as the pure verdict sees it. */
export interface RandomFlow {
  readonly attempt: Attempt;
  /** Judgements that it has to pass, one after the other. */
  readonly judged: readonly JudgedFlow[];
}

export interface JudgedFlow {
  readonly address: string;
  readonly direction: 'in' | 'out';
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly port: number | undefined;
  readonly interface: 'outer' | 'inside';
  readonly routed?: boolean;
}

export interface RandomCase {
  readonly wish: Wish;
  readonly flows: readonly RandomFlow[];
}

const LIST_NAMES = ['a', 'b', 'c', 'd', 'blocked'] as const;
const ADDRESSES = [...Object.values(PEERS).flat(), ...Object.values(GUEST)];
const TCP = [22, 25, 80, 465, '6000-6010', 2525, 7000];
const UDP = [53, 7000];
/** Where DNAT sends what it forwards. */
const INNER = { 4: '10.8.0.2', 6: 'fd08::2' };

/** Plans and flows on which every part of a plan decides now and then; the same for one seed. */
export function randomCase(seed: number, flowCount: number): RandomCase {
  const below = randomNumbers(seed);
  const chance = (percent: number): boolean => below(100) < percent;
  const one = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const some = <T>(from: readonly T[], percent: number): T[] => from.filter(() => chance(percent));
  const atLeastOne = <T>(from: readonly T[], percent: number): T[] => {
    const chosen = some(from, percent);
    return chosen.length > 0 ? chosen : [one(from)];
  };

  /** An address, or a prefix around it. */
  const around = (address: string): string => {
    const lengths = address.includes(':') ? [128, 64, 48] : [32, 28, 24];
    return prefixOf(address, one(lengths));
  };
  const list = (): string[] => (chance(10) ? [] : some(ADDRESSES, 40).map(around));

  const rule = (name: string): Record<string, unknown> => {
    const everything = chance(40);
    const traffic = everything
      ? {}
      : {
          ...(chance(80) && { tcp: chance(15) ? 'all' : atLeastOne(TCP, 40) }),
          ...(chance(40) && { udp: chance(20) ? 'all' : atLeastOne(UDP, 60) }),
          ...(chance(30) && { icmp: true }),
        };
    const names = atLeastOne(LIST_NAMES, 30);
    return {
      name,
      ...traffic,
      ...(chance(50) ? { deny: names } : { only: names, empty: 'deny', private: chance(30) }),
      except: some(LIST_NAMES, 10),
      direction: chance(30) ? 'out' : 'in',
      interfaces: chance(60) ? [] : atLeastOne(['outer', 'inside'], 50),
      action: chance(40) ? 'reject' : 'drop',
      ...(chance(15) && { mode: 'observe' }),
    };
  };

  const rules = Array.from({ length: 2 + below(4) }, (_, i) => rule(`r${i}`));
  const wish: Wish = {
    firewall: {
      admins: some(ADDRESSES, 5),
      allow: chance(20) ? [one(LIST_NAMES)] : [],
      ...(chance(60) && { blocked: some(LIST_NAMES, 20) }),
      forwarded: chance(50),
      mode: chance(10) ? 'observe' : 'enforce',
      rules,
    },
    lists: Object.fromEntries(LIST_NAMES.map((name) => [name, list()])),
  };

  const flow = (): RandomFlow => {
    const family = one([4, 6] as const);
    const i = family === 4 ? 0 : 1;
    return one(WAYS)(one(Object.values(PEERS))[i], family, one);
  };
  return { wish, flows: Array.from({ length: flowCount }, flow) };
}

type Way = (peer: string, family: 4 | 6, one: <T>(from: readonly T[]) => T) => RandomFlow;

const WAYS: readonly Way[] = [
  function toUs(peer, family, one) {
    const [protocol, port] = one([
      ...[22, 25, 80, 465, 6001].map((number) => ['tcp', number] as const),
      ['udp', 53] as const,
      ['udp', 53] as const,
      ['icmp', undefined] as const,
    ]);
    const judged = { address: peer, direction: 'in', protocol, port, interface: 'outer' } as const;
    const attempt = { host: 'client', protocol, from: peer, to: SERVER[family], port } as const;
    return { attempt, judged: [judged] };
  },

  function throughDnat(peer, family) {
    const protocol = 'tcp';
    return {
      attempt: { host: 'client', protocol, from: peer, to: FORWARDED[family], port: 25 },
      judged: [
        { address: peer, direction: 'in', protocol, port: 25, interface: 'outer' },
        { address: INNER[family], direction: 'out', protocol, port: 2525, interface: 'inside' },
      ],
    };
  },

  function toGuest(peer, family) {
    const protocol = 'tcp';
    const port = 2525;
    return {
      attempt: { host: 'client', protocol, from: peer, to: GUEST[family], port },
      judged: [
        { address: peer, direction: 'in', protocol, port, interface: 'outer', routed: true },
        { address: GUEST[family], direction: 'out', protocol, port, interface: 'inside' },
      ],
    };
  },

  function fromUs(peer, family, one) {
    const protocol = one(['tcp', 'udp'] as const);
    const port = 7000;
    return {
      attempt: { host: 'server', protocol, from: SERVER[family], to: peer, port },
      judged: [{ address: peer, direction: 'out', protocol, port, interface: 'outer' }],
    };
  },

  function fromGuest(peer, family) {
    const protocol = 'tcp';
    const port = 7000;
    const address = GUEST[family];
    return {
      attempt: { host: 'guest', protocol, from: address, to: peer, port },
      judged: [
        { address, direction: 'in', protocol, port, interface: 'inside', routed: true },
        { address: peer, direction: 'out', protocol, port, interface: 'outer' },
      ],
    };
  },
];

/** `ADDRESS/LENGTH` with the host's bits cleared, for the lengths that are used here. */
function prefixOf(address: string, length: number): string {
  if (length === 32 || length === 128) return address;
  if (address.includes(':')) {
    const [head = '', tail = ''] = address.split('::');
    const groups = head.split(':').slice(0, length / 16);
    const full = tail === '' ? head.split(':') : groups;
    return `${full.slice(0, length / 16).join(':')}::/${length}`;
  }
  const [a = '', b = '', c = '', d = '0'] = address.split('.');
  const host = length === 24 ? 0 : Number(d) & 0xf0;
  return `${a}.${b}.${c}.${host}/${length}`;
}
