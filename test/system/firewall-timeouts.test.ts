import { setTimeout as sleep } from 'node:timers/promises';

import { beforeAll, describe, expect } from 'vitest';

import {
  FirewallNetwork,
  LISTS,
  PEERS,
  type Peer,
  type Variant,
  type Wish,
} from '../helpers/firewall-network.js';
import { VARIANTS, needsOf } from '../helpers/firewall-variants.js';
import { foreignRulesOf } from '../helpers/foreign-rules.js';
import { missing, systemTest } from '../helpers/programs.js';

/*
 * Entries that end, asked of every backend with real packets: part of what each promises. Most of
 * it is to wait for ends, so all variants wait at the same time, each in a network of its own.
 */

const CLEAN = { present: true, rules: [], lists: [] };

/** `until=` of a whole second, at least so many away. */
function secondsFromNow(seconds: number): { text: string; endMs: number } {
  const endMs = Math.ceil(Date.now() / 1000 + seconds) * 1000;
  return { text: `until=${new Date(endMs).toISOString()}`.replace('.000Z', 'Z'), endMs };
}

function ending(addresses: readonly string[], until: string): string[] {
  return addresses.map((address) => `${address} ${until}`);
}

function wish(lists: Wish['lists'], firewall: Wish['firewall'] = {}): Wish {
  return {
    firewall: { allow: ['trusted'], rules: [], ...firewall },
    lists: { ...LISTS, ...lists },
  };
}

const networks = new Map<Variant, FirewallNetwork>();

beforeAll(async () => {
  for (const variant of VARIANTS) {
    if (missing(...needsOf(variant)) !== undefined) continue;
    networks.set(variant, await FirewallNetwork.create(variant));
  }
});

/** Asks all variants at once; each has a test that tells what came of it. */
function testOnAll(
  name: string,
  ask: (network: FirewallNetwork, variant: Variant) => Promise<void>,
): void {
  describe(name, () => {
    const asked = new Map<Variant, Promise<void>>();

    beforeAll(async () => {
      for (const [variant, network] of networks) {
        asked.set(
          variant,
          network.flush().then(() => ask(network, variant)),
        );
      }
      await Promise.allSettled(asked.values());
    });

    for (const variant of VARIANTS) {
      const how = variant.elements ?? variant.iptables;
      systemTest(`on ${variant.backend}, ${how}`, needsOf(variant), () => asked.get(variant));
    }
  });
}

/** Past the second of an end, and what a kernel takes to see it. */
async function pass({ endMs }: { endMs: number }): Promise<void> {
  await sleep(Math.max(0, endMs - Date.now()) + 1500);
}

testOnAll(
  'ends come at their second, and leave no trace to write about',
  async (network, variant) => {
    const soon = secondsFromNow(6);
    const mail = { name: 'mail', tcp: [25], deny: ['asia'] };
    const what = wish(
      {
        // who ends alone, who is covered for ever, who is covered for longer
        blocked: [
          ...ending(PEERS.unlisted, soon.text),
          ...ending(['198.51.100.64/26', '2001:db8:c::/47'], soon.text),
          ...PEERS.blocked,
        ],
        asia: ending(PEERS.denied, soon.text),
        trusted: ending(PEERS.trusted, soon.text),
        home: [...ending(PEERS.home, soon.text), ...ending(PEERS.home, 'until=2099-01-01')],
      },
      { rules: [mail, { name: 'trusted', tcp: [22], only: ['home'] }] },
    );
    await network.apply(what);
    expect(await network.compare(what)).toEqual(CLEAN);
    const ask = async (): Promise<Record<string, string>> => {
      const asked: [Peer, number][] = [
        ['unlisted', 80],
        ['blocked', 80],
        ['denied', 25],
        ['trusted', 22],
        ['home', 22],
      ];
      const verdicts = asked.map(
        async ([peer, port]) => [peer, await network.tcp(peer, port)] as const,
      );
      return Object.fromEntries(await Promise.all(verdicts));
    };
    expect(await ask()).toEqual({
      unlisted: 'dropped',
      blocked: 'dropped',
      denied: 'dropped',
      trusted: 'open',
      home: 'open',
    });
    const monitor = await network.server.start('nft', ['monitor'], { ready: () => true });
    const foreign = foreignRulesOf(network.server, variant);
    await pass(soon);
    expect(await network.compare(what)).toEqual(CLEAN);
    expect(await network.apply(what)).toEqual(CLEAN);
    expect(monitor.output()).toBe('');
    await monitor.stop();
    expect(await foreign.everything()).not.toMatch(/timeout 0 .*timeout [1-9]/);
    expect(await ask()).toEqual({
      unlisted: 'open',
      blocked: 'dropped',
      denied: 'open',
      trusted: 'dropped',
      home: 'open',
    });
  },
);

testOnAll('ends that a person edits change in the kernel', async (network) => {
  const [v4, v6] = PEERS.unlisted;
  const other = '192.0.2.99 until=2099-01-01';
  const until = (text: string): Wish =>
    wish({ blocked: [`${v4} ${text}`, `${v6}  ${text}`, other] });
  const retimed = {
    present: true,
    rules: [],
    lists: [4, 6].map((family) => ({
      list: 'blocked',
      family,
      missing: 0,
      surplus: 0,
      retimed: 1,
    })),
  };
  await network.apply(wish({ blocked: [other] }));
  // the first end in the list, earlier, later, none at all, one again
  const soon = secondsFromNow(10);
  for (const [i, text] of [
    secondsFromNow(3600).text,
    secondsFromNow(1800).text,
    secondsFromNow(7200).text,
    '',
    soon.text,
  ].entries()) {
    const told = await network.apply(until(text));
    if (i > 0) expect(told, text).toEqual(retimed);
    expect(await network.compare(until(text)), text).toEqual(CLEAN);
    expect(await network.tcp('unlisted', 80)).toBe('dropped');
  }
  await pass(soon);
  expect(await network.tcp('unlisted', 80)).toBe('open');
  expect(await network.compare(until(soon.text))).toEqual(CLEAN);
});

testOnAll(
  'ends go into lists that had none, and out again, while rules change',
  async (network) => {
    const rules = [{ name: 'mail', tcp: [25], deny: ['asia'] }];
    await network.apply(wish({}, { rules }));
    await network.tcp('denied', 25);
    const soon = secondsFromNow(7);
    const ends = wish({ asia: ending(PEERS.denied, soon.text) }, { rules });
    await network.apply(ends);
    expect(await network.compare(ends)).toEqual(CLEAN);
    expect(await network.tcp('denied', 25)).toBe('dropped');
    expect(await network.count('mail', 'asia')).toBe(4);
    await pass(soon);
    expect(await network.tcp('denied', 25)).toBe('open');
    const again = wish({}, { rules: [{ name: 'mail', tcp: [25, 80], deny: ['asia'] }] });
    await network.apply(again);
    expect(await network.compare(again)).toEqual(CLEAN);
    expect(await network.tcp('denied', 80)).toBe('dropped');
  },
);
