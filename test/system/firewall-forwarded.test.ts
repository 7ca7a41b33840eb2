import { beforeAll, describe, expect } from 'vitest';

import {
  FirewallNetwork,
  LISTS,
  PEERS,
  type Peer,
  type Wish,
} from '../helpers/firewall-network.js';
import { VARIANTS, needsOf } from '../helpers/firewall-variants.js';
import { missing, systemTest } from '../helpers/programs.js';

/*
 * What is addressed to this host, and what it only routes on: the host behind the server is a
 * guest with public addresses. On every backend, with real packets.
 */

const PEERS_ASKED: Peer[] = ['denied', 'blocked', 'unlisted', 'home'];

/** Denies everybody but those at home, on all ports. */
const ONLY_HOME = { name: 'own', only: ['home'] };

function wish(firewall: Record<string, unknown>, lists: Wish['lists'] = LISTS): Wish {
  return { firewall, lists };
}

describe.each(VARIANTS)('what $backend, $iptables$elements forwards', (variant) => {
  const needs = needsOf(variant);
  let network: FirewallNetwork;

  beforeAll(async () => {
    if (missing(...needs) === undefined) network = await FirewallNetwork.create(variant);
  });

  async function applied(what: Wish): Promise<void> {
    await network.apply(what);
    expect(await network.compare(what)).toEqual({ present: true, rules: [], lists: [] });
  }

  /** Verdicts for each peer, in the order of `PEERS_ASKED`. */
  const asked = (ask: (peer: Peer) => Promise<string>): Promise<string[]> =>
    Promise.all(PEERS_ASKED.map(ask));

  async function everyWay(): Promise<Record<string, readonly string[]>> {
    const [toUs, throughDnat, toGuest, fromGuest] = await Promise.all([
      asked((peer) => network.tcp(peer, 22)),
      asked((peer) => network.tcpForwarded(peer)),
      asked((peer) => network.tcpToGuest(peer)),
      asked((peer) => network.tcpFromGuest(peer)),
    ]);
    return { toUs, throughDnat, toGuest, fromGuest };
  }

  const DENIED = ['dropped', 'dropped', 'dropped', 'open'];
  const OPEN = ['open', 'open', 'open', 'open'];

  systemTest('in rules judge what is addressed to us, DNAT included', needs, async () => {
    await applied(wish({ rules: [ONLY_HOME] }));
    expect(await everyWay()).toEqual({
      toUs: DENIED,
      throughDnat: DENIED,
      toGuest: OPEN,
      fromGuest: OPEN,
    });
    const reject = { ...ONLY_HOME, action: 'reject' };
    await applied(wish({ rules: [reject], blocked: [] }));
    expect(await network.tcpToGuest('denied')).toBe('open');
    expect(await network.tcpForwarded('denied')).toBe('refused');
  });

  systemTest('with forwarded, also what is routed on, both ways', needs, async () => {
    await applied(wish({ rules: [ONLY_HOME], forwarded: true }));
    expect(await everyWay()).toEqual({
      toUs: DENIED,
      throughDnat: DENIED,
      toGuest: DENIED,
      // the guest's own address is not at home
      fromGuest: ['dropped', 'dropped', 'dropped', 'dropped'],
    });
    const outside = { ...ONLY_HOME, interfaces: ['outer'] };
    await applied(wish({ rules: [outside], forwarded: true }));
    expect(await everyWay()).toEqual({
      toUs: DENIED,
      throughDnat: DENIED,
      toGuest: DENIED,
      fromGuest: OPEN,
    });
  });

  systemTest('the hand-made list cuts running connections likewise', needs, async () => {
    await applied(wish({ rules: [] }));
    await network.hold('unlisted');
    await network.holdThrough('unlisted');
    const lists = { ...LISTS, blocked: PEERS.unlisted };
    await applied(wish({ rules: [] }, lists));
    expect(await network.useHeld('unlisted')).toEqual({ inbound: 'dropped', outbound: 'open' });
    expect(await network.useHeldThrough()).toEqual({
      throughDnat: 'dropped',
      toGuest: 'open',
    });
    expect(await network.count('blocked', 'blocked')).toBeGreaterThan(0);
    await applied(wish({ rules: [], forwarded: true }, lists));
    expect(await network.useHeldThrough()).toEqual({
      throughDnat: 'dropped',
      toGuest: 'dropped',
    });
  });

  systemTest('broadcast, multicast and link-local destinations are ours', needs, async () => {
    const lists = { ...LISTS, asia: [...(LISTS['asia'] ?? []), 'fe80::/10'] };
    await applied(wish({ rules: [{ name: 'all', deny: ['asia'] }] }, lists));
    const count = async (): Promise<number> => network.count('all', 'asia');
    for (const [from, to] of [
      [PEERS.denied[0], '10.9.0.255'],
      [PEERS.denied[0], '255.255.255.255'],
      [PEERS.denied[0], '224.0.0.251'],
      [PEERS.denied[1], 'ff02::fb'],
      [PEERS.denied[1], await network.linkLocal(network.server)],
      [await network.linkLocal(network.client), await network.linkLocal(network.server)],
    ] as const) {
      const before = await count();
      await network.sendDatagram(from, to);
      expect(await count(), `${from} to ${to}`).toBe(before + 1);
    }
    const before = await count();
    for (const i of [0, 1]) {
      await network.sendDatagram(
        PEERS.denied[i] ?? '',
        i === 0 ? '192.0.2.130' : '2001:db8:e::130',
      );
    }
    expect(await count()).toBe(before);
  });
});
