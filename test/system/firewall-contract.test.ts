import { beforeAll, beforeEach, describe, expect } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import {
  FirewallNetwork,
  LISTS,
  PEERS,
  type Peer,
  type Wish,
} from '../helpers/firewall-network.js';
import { damagesOf } from '../helpers/firewall-damage.js';
import { type ForeignRules, foreignRulesOf } from '../helpers/foreign-rules.js';
import { VARIANTS, needsOf } from '../helpers/firewall-variants.js';
import { missing, systemTest } from '../helpers/programs.js';

/*
 * What every backend promises, asked of each with real packets in network namespaces.
 */

const ADMINS = PEERS.admin;
const ALL_PEERS = Object.keys(PEERS) as Peer[];

function wish(firewall: Record<string, unknown>, lists: Wish['lists'] = LISTS): Wish {
  return { firewall: { admins: ADMINS, allow: ['trusted'], ...firewall }, lists };
}

const SEVERAL_RULES = wish({
  rules: [
    { name: 'ssh', tcp: [22], only: ['home', 'office'] },
    { name: 'mail', tcp: [25, 465, '6000-6010'], deny: ['asia'] },
    { name: 'dns', udp: [53], deny: ['asia'] },
  ],
});

const NOTHING = { rules: [], lists: [] };

describe.each(VARIANTS)('firewall $backend, $iptables$elements', (variant) => {
  const needs = needsOf(variant);
  let network: FirewallNetwork;
  let foreign: ForeignRules;

  beforeAll(async () => {
    if (missing(...needs) !== undefined) return;
    network = await FirewallNetwork.create(variant);
    foreign = foreignRulesOf(network.server, variant);
  });

  beforeEach(async () => {
    if (missing(...needs) === undefined) await network.flush();
  });

  /** Verdicts on many connections at once. */
  async function verdicts(
    ask: (peer: Peer) => Promise<string>,
    peers: readonly Peer[] = ALL_PEERS,
  ): Promise<Record<string, string>> {
    const all = peers.map(async (peer) => [peer, await ask(peer)] as const);
    return Object.fromEntries(await Promise.all(all));
  }

  async function applied(what: Wish): Promise<void> {
    await network.apply(what);
    expect(await network.compare(what)).toEqual({ present: true, ...NOTHING });
  }

  const open = (peers: readonly Peer[] = ALL_PEERS): Record<string, string> =>
    Object.fromEntries(peers.map((peer) => [peer, 'open']));

  systemTest('judges in order: admins, allow, blocked, rules', needs, async () => {
    expect(await network.findObstacle()).toBeNull();
    await applied(SEVERAL_RULES);
    const everywhere = { ...open(), blocked: 'dropped' };
    const noAsia = { ...everywhere, denied: 'dropped' };
    const [ssh, smtp, submission, ranged, web, dns, ping] = await Promise.all([
      verdicts((peer) => network.tcp(peer, 22)),
      verdicts((peer) => network.tcp(peer, 25)),
      verdicts((peer) => network.tcp(peer, 465)),
      verdicts((peer) => network.tcp(peer, 6001)),
      verdicts((peer) => network.tcp(peer, 80)),
      verdicts((peer) => network.udp(peer, 53)),
      verdicts((peer) => network.ping(peer), ['denied', 'blocked', 'unlisted']),
    ]);
    expect(ssh).toEqual({ ...noAsia, unlisted: 'dropped' });
    expect(smtp).toEqual(noAsia);
    expect(submission).toEqual(noAsia);
    expect(ranged).toEqual(noAsia);
    expect(web).toEqual(everywhere);
    expect(dns).toEqual(noAsia);
    expect(ping).toEqual({ denied: 'open', blocked: 'dropped', unlisted: 'open' });
  });

  systemTest('judges forwarded ports by the port that was asked for', needs, async () => {
    const peers: Peer[] = ['denied', 'trusted', 'blocked', 'admin', 'unlisted'];
    expect(await verdicts((peer) => network.tcpForwarded(peer), peers)).toEqual(open(peers));
    await applied(wish({ rules: [{ name: 'mail', tcp: [25], deny: ['asia'] }] }));
    expect(await verdicts((peer) => network.tcpForwarded(peer), peers)).toEqual({
      ...open(peers),
      denied: 'dropped',
      blocked: 'dropped',
    });
    const reject = { name: 'mail', tcp: [25], deny: ['asia'], action: 'reject' };
    await applied(wish({ rules: [reject] }));
    expect(await network.tcpForwarded('denied')).toBe('refused');
    expect(await network.tcpForwarded('unlisted')).toBe('open');
    await applied(wish({ rules: [{ name: 'mail', tcp: [2525], deny: ['asia'] }] }));
    expect(await network.tcpForwarded('denied')).toBe('open');
  });

  systemTest('counts what each rule denied, also where it only observes', needs, async () => {
    await applied(SEVERAL_RULES);
    await Promise.all([
      network.tcp('denied', 22),
      network.tcp('unlisted', 22),
      network.tcp('denied', 25),
      network.tcp('blocked', 80),
      network.udp('denied', 53),
    ]);
    expect(await network.count('ssh', 'outside')).toBe(4);
    expect(await network.count('mail', 'asia')).toBe(2);
    expect(await network.count('blocked', 'blocked')).toBe(2);
    expect(await network.count('dns', 'asia')).toBe(2);

    await applied({ ...SEVERAL_RULES, firewall: { ...SEVERAL_RULES.firewall, mode: 'observe' } });
    expect(await verdicts((peer) => network.tcp(peer, 22))).toEqual(open());
    // counts stay, and those observed are added: denied, unlisted and blocked, IPv4 and IPv6
    expect(await network.count('ssh', 'outside')).toBe(4 + 6);
    expect(await network.count('mail', 'asia')).toBe(2);
    expect(await network.count('blocked', 'blocked')).toBeGreaterThan(2);
  });

  systemTest('cuts running connections of who becomes blocked, and no others', needs, async () => {
    await network.hold('unlisted');
    await network.hold('denied');
    await applied(
      wish({
        rules: [
          { name: 'all', deny: ['asia'] },
          { name: 'web', tcp: [80], only: ['home'] },
        ],
      }),
    );
    const alive = { inbound: 'open', outbound: 'open' };
    expect(await network.useHeld('unlisted')).toEqual(alive);
    expect(await network.useHeld('denied')).toEqual(alive);
    expect(await network.tcp('unlisted', 80)).toBe('dropped');

    const lists = { ...LISTS, blocked: [...(LISTS['blocked'] ?? []), ...PEERS.unlisted] };
    await applied(wish({ rules: [] }, lists));
    expect(await network.useHeld('unlisted')).toEqual({ inbound: 'dropped', outbound: 'open' });
    expect(await network.useHeld('denied')).toEqual(alive);
  });

  systemTest('lets us reach whom we deny, and judges out rules by destination', needs, async () => {
    const rules = [{ name: 'all', deny: ['asia'] }];
    await applied(wish({ rules }));
    const peers: Peer[] = ['denied', 'blocked', 'unlisted'];
    const both = [
      verdicts((peer) => network.tcpOut(peer), peers),
      verdicts((peer) => network.udpOut(peer), peers),
      verdicts((peer) => network.tcpThrough(peer), peers),
    ];
    expect(await Promise.all(both)).toEqual([open(peers), open(peers), open(peers)]);

    const out = { name: 'out', direction: 'out', tcp: [7000], deny: ['asia'] };
    await applied(wish({ rules: [out] }));
    expect(await network.tcpOut('denied')).toBe('dropped');
    expect(await network.tcpThrough('denied')).toBe('dropped');
    expect(await network.udpOut('denied')).toBe('open');
    expect(await network.tcpOut('unlisted')).toBe('open');
    expect(await network.tcpOut('trusted')).toBe('open');
    expect(await network.tcp('denied', 22)).toBe('open');

    await applied(wish({ rules: [{ ...out, action: 'reject' }] }));
    expect(await network.tcpOut('denied')).toBe('refused');
    expect(await network.tcpThrough('denied')).toBe('refused');
    expect(await network.tcpThrough('unlisted')).toBe('open');
  });

  systemTest('rejects with a reset, or by ICMP', needs, async () => {
    const reject = { name: 'no', tcp: [22], udp: [53], deny: ['asia'], action: 'reject' };
    await applied(wish({ rules: [reject] }));
    expect(await network.tcp('denied', 22)).toBe('refused');
    expect(await network.udp('denied', 53)).toBe('prohibited');
    expect(await network.tcp('denied', 80)).toBe('open');
    expect(await network.tcp('unlisted', 22)).toBe('open');
    expect(await network.count('no', 'asia')).toBe(4);
  });

  systemTest('judges ICMP, interfaces, exceptions and whole families as told', needs, async () => {
    await applied(
      wish({
        rules: [
          { name: 'ping', icmp: true, deny: ['asia'] },
          { name: 'here', tcp: [22], deny: ['asia'], interfaces: ['inside', 'outer'] },
          { name: 'elsewhere', tcp: [80], deny: ['asia'], interfaces: ['inside'] },
          { name: 'spared', tcp: [465], deny: ['asia', 'home'], except: ['office', 'home'] },
          { name: 'many', tcp: manyPorts(6001), deny: ['asia'] },
        ],
      }),
    );
    expect(
      await Promise.all([
        network.ping('denied'),
        network.ping('unlisted'),
        network.tcp('denied', 22),
        network.tcp('denied', 80),
        network.tcp('denied', 465),
        network.tcp('home', 465),
        network.tcp('denied', 6001),
      ]),
    ).toEqual(['dropped', 'open', 'dropped', 'open', 'dropped', 'open', 'dropped']);

    const lists = { ...LISTS, all: ['0.0.0.0/0', '::/0'], none: [] };
    await applied(
      wish(
        {
          rules: [
            { name: 'all', tcp: [80], deny: ['all'] },
            { name: 'only_all', tcp: [22], only: ['all'] },
            { name: 'nobody', tcp: [25], only: ['none'], empty: 'deny' },
            { name: 'not_even', tcp: [465], only: ['home'], private: true },
          ],
        },
        lists,
      ),
    );
    const passing = { admin: 'open', trusted: 'open' };
    const peers: Peer[] = ['admin', 'trusted', 'unlisted', 'private'];
    const [web, ssh, smtp, submission] = await Promise.all(
      [80, 22, 25, 465].map((port) => verdicts((peer) => network.tcp(peer, port), peers)),
    );
    expect(web).toEqual({ ...passing, unlisted: 'dropped', private: 'dropped' });
    expect(ssh).toEqual(open(peers));
    expect(smtp).toEqual({ ...passing, unlisted: 'dropped', private: 'open' });
    expect(submission).toEqual({ ...passing, unlisted: 'dropped', private: 'dropped' });
  });

  systemTest('writes nothing where nothing differs, else only what does', needs, async () => {
    await applied(SEVERAL_RULES);
    await network.tcp('denied', 25);
    const before = await foreign.everything();
    const monitor = await network.server.start('nft', ['monitor'], { ready: () => true });
    await network.apply(SEVERAL_RULES);
    expect(await foreign.everything()).toBe(before);
    expect(monitor.output()).toBe('');

    const more = {
      ...SEVERAL_RULES,
      lists: { ...LISTS, asia: [...(LISTS['asia'] ?? []), ...PEERS.unlisted] },
    };
    expect(await network.apply(more)).toEqual({
      present: true,
      rules: [],
      lists: [
        { list: 'asia', family: 4, missing: 1, surplus: 0 },
        { list: 'asia', family: 6, missing: 1, surplus: 0 },
      ],
    });
    await monitor.stop();
    expect(monitor.output()).not.toMatch(/SEKISHO-MARK|sekisho\.mark|home/);
    expect(await network.compare(more)).toEqual({ present: true, ...NOTHING });
    expect(await network.tcp('unlisted', 25)).toBe('dropped');
    expect(await network.count('mail', 'asia')).toBe(4);
    await applied(SEVERAL_RULES);
    expect(await network.tcp('unlisted', 25)).toBe('open');
    expect(await network.count('mail', 'asia')).toBe(4);
  });

  systemTest('sees what others damaged, and repairs it', needs, async () => {
    const reject = { name: 'no', tcp: [80], deny: ['asia'], action: 'reject' };
    const what = wish({ rules: [{ name: 'mail', tcp: [25], deny: ['asia'] }, reject] });
    await applied(what);
    for (const damage of damagesOf(network.server, variant)) {
      await damage.make();
      const { rules, lists } = await network.apply(what);
      expect([...rules, ...lists], damage.name).not.toEqual([]);
      expect(await network.compare(what), damage.name).toEqual({ present: true, ...NOTHING });
    }
    expect(await network.tcp('denied', 25)).toBe('dropped');
    expect(await network.tcp('denied', 80)).toBe('refused');
  });

  systemTest('leaves what others made to the byte', needs, async () => {
    await foreign.load();
    const before = await foreign.read();
    expect(before).toContain('DOCKER');
    await applied(SEVERAL_RULES);
    expect(await network.tcp('denied', 25)).toBe('dropped');
    await applied(wish({ rules: [{ name: 'all', deny: ['asia'], action: 'reject' }] }));
    await network.flush();
    expect(await foreign.read()).toBe(before);
    expect(await network.compare(SEVERAL_RULES)).toMatchObject({ present: false });
    expect(await network.tcp('blocked', 25)).toBe('open');
  });

  systemTest('goes back to what its boot files say, marks and all', needs, async () => {
    const folder = await temporaryFolder();
    await applied(SEVERAL_RULES);
    await network.writeBootFiles(SEVERAL_RULES, folder);
    await applied(
      wish(
        { rules: [{ name: 'other', tcp: [80], deny: ['home'] }] },
        { ...LISTS, home: ['192.0.2.0/24'] },
      ),
    );
    expect(await network.tcp('unlisted', 22)).toBe('open');
    await network.loadBoot(folder);
    expect(await network.compare(SEVERAL_RULES)).toEqual({ present: true, ...NOTHING });
    expect(await network.tcp('unlisted', 22)).toBe('dropped');
    await network.flush();
    await network.loadBoot(folder);
    expect(await network.compare(SEVERAL_RULES)).toEqual({ present: true, ...NOTHING });
  });

  systemTest('killed at any moment, holds the old rules or the new', needs, async () => {
    const old = wish({ rules: [{ name: 'a', tcp: [22], deny: ['asia'] }] });
    const fresh = wish({ rules: [{ name: 'b', tcp: [80], deny: ['asia'] }] });
    let [from, to] = [old, fresh];
    for (const afterMs of [30, 90, 180]) {
      await applied(from);
      await network.killDuringApply(to, afterMs);
      const [ssh, web] = await Promise.all([network.tcp('denied', 22), network.tcp('denied', 80)]);
      for (const [i, verdict] of verdictsOf(ssh).entries()) {
        expect([verdict, verdictsOf(web)[i]].sort(), `${afterMs} ms`).toEqual(['dropped', 'open']);
      }
      await applied(to);
      [from, to] = [to, from];
    }
  });
});

/** Verdicts by family, of `open` or `open / dropped`. */
function verdictsOf(text: string): string[] {
  const [v4 = '', v6 = v4] = text.split(' / ');
  return [v4, v6];
}

/** More single ports than a multiport match takes, the last one this. */
function manyPorts(last: number): number[] {
  return [...Array.from({ length: 20 }, (_, i) => 1001 + 2 * i), last];
}
