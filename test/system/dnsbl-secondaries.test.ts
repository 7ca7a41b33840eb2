import { decode, encode } from 'dns-packet';
import { expect } from 'vitest';

import { formatWords } from '../../src/ip/address.js';
import { Agent } from '../helpers/agent.js';
import { dnsblName } from '../helpers/dig.js';
import { LOAD, ask } from '../helpers/dns-questions.js';
import { DnsblService, until } from '../helpers/dnsbl-service.js';
import { answersOf, rcodeOf } from '../helpers/dnsbl.js';
import { startNamed, startNsd } from '../helpers/name-servers.js';
import type { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import { RandomRanges } from '../helpers/random-ranges.js';
import { Seeded } from '../helpers/seeded.js';
import { snippet } from '../docs/markdown.js';
import { joinedNamespaces } from '../helpers/veth-pair.js';

/*
 * Secondaries of others on a host of their own, which transfer the zones of `sekisho serve`.
 */

const PRIMARY = { address: '192.0.2.1', port: 5300 };
const NSD = { address: '192.0.2.2', port: 53 };
const NAMED = { address: '192.0.2.3', port: 53 };
const SECONDARIES = [NSD, NAMED];

/* As in docs/dnsbl.md. */
const NSD_ZONE = snippet('nsd');
const NAMED_ZONE = snippet('bind');

/** A zone of lists with these texts, each from a file of its name. */
function configOf(texts: Readonly<Record<string, string | undefined>>): string {
  const names = Object.keys(texts);
  const listed = names.map((name, k) => {
    const text = texts[name];
    const more = text === undefined ? '' : `, text: ${JSON.stringify(text)}`;
    return `        ${name}: { code: 127.0.0.${k + 2}${more} }`;
  });
  return `
lists:
${names.map((name) => `  ${name}: { file: ${name}.txt }`).join('\n')}
dnsbl:
  listen: ["127.0.0.1:5300", "192.0.2.1:5300"]
  access: [127.0.0.0/8]
  transfer: [192.0.2.2, 192.0.2.3]
  notify: [192.0.2.2, 192.0.2.3]
  zones:
    - name: bl.example.net
      lists:
${listed.join('\n')}
`;
}

async function startSecondaries(client: Namespace): Promise<void> {
  await startNsd(client, NSD_ZONE, NSD);
  await startNamed(client, NAMED_ZONE, NAMED);
}

const nameOf = (address: string): string => dnsblName(4, address, 'bl.example.net');

systemTest(
  'what changes here is soon there, however quickly it changes',
  ['nsd', 'named', 'dig', 'namespace'],
  async () => {
    const { server, client } = await joinedNamespaces(['192.0.2.3/24']);
    const service = await DnsblService.start(server, {
      config: configOf({ blocked: 'by hand: $' }),
      files: { 'blocked.txt': '203.0.113.9\n' },
    });
    await startSecondaries(client);
    const there = async (address: string): Promise<string> => {
      const replies = SECONDARIES.map((at) => ask(client, nameOf(address), 'A', at));
      return (await Promise.all(replies)).join(', ');
    };
    const listed = 'NOERROR 127.0.0.2, NOERROR 127.0.0.2';
    await until(() => there('203.0.113.9'), listed);

    for (let round = 0; round < 3; round++) {
      // changes within a second, of which the last must not be lost
      for (const last of [10, 11, 12]) {
        const address = `203.0.113.${round * 10 + last}`;
        service.write('blocked.txt', `${address}\n`);
        await until(() => ask(server, nameOf(address), 'A'), 'NOERROR 127.0.0.2');
      }
      // refresh and retry are minutes: only a notice is as quick as that
      await until(() => there(`203.0.113.${round * 10 + 12}`), listed, 10_000);
      await until(() => there('203.0.113.9'), 'NXDOMAIN, NXDOMAIN', 1000);
    }
    // the first question after a change is a secondary's own
    service.write('blocked.txt', '203.0.113.99\n');
    await until(() => there('203.0.113.99'), listed, 10_000);
    const serials = await Promise.all(
      [PRIMARY, ...SECONDARIES].map((at) => ask(client, 'bl.example.net', 'SOA', at)),
    );
    expect([...new Set(serials)], serials.join()).toHaveLength(1);
    expect(service.server.output()).not.toContain('did not take it');
    expect(service.server.output()).toMatch(
      /zone bl\.example\.net, serial \d+, was sent in \d+ messages: 192\.0\.2\.2\n/,
    );
  },
  90_000,
);

const EAGER = new URL('../helpers/eager-secondary.mjs', import.meta.url).pathname;

systemTest(
  'who asks at once when told hears of the new serial',
  ['dig', 'namespace'],
  async () => {
    const { server, client } = await joinedNamespaces([]);
    const eager = await Agent.start(client, EAGER);
    // not the address that the route would take
    const primary = { address: '192.0.2.9', port: 5300 };
    const { stdout } = await server.run('ip', ['-o', 'link', 'show', 'type', 'veth']);
    const device = /^\d+: ([^@:]+)/.exec(stdout)?.[1] ?? '';
    await server.run('ip', ['address', 'add', '192.0.2.9/24', 'dev', device]);
    await eager.ask({ do: 'listen', address: NSD.address, primary });
    const service = await DnsblService.start(server, {
      config: configOf({ blocked: 'by hand: $' })
        .replace('notify: [192.0.2.2, 192.0.2.3]', 'notify: [192.0.2.2]')
        .replace('192.0.2.1:5300', '192.0.2.9:5300'),
      files: { 'blocked.txt': '203.0.113.1\n' },
    });
    const heard = async (): Promise<readonly number[]> => eager.ask({ do: 'serials' });
    for (let changes = 1; changes <= 5; changes++) {
      await until(async () => String((await heard()).length), String(changes));
      if (changes < 5) service.write('blocked.txt', `203.0.113.${changes + 1}\n`);
    }
    expect(await eager.ask({ do: 'sources' })).toEqual([primary.address]);
    const serials = await heard();
    expect(serials).toEqual([...new Set(serials)].sort((a, b) => a - b));
  },
  30_000,
);

const ASKER = new URL('../helpers/dns-asker.mjs', import.meta.url).pathname;

interface Reply {
  readonly rcode: string | undefined;
  readonly answers: readonly string[];
}

/** Asks for A and TXT of every address; replies in that order. */
async function askAll(
  asker: Agent,
  at: { address: string; port: number },
  questions: readonly { name: string; type: 'A' | 'TXT' }[],
): Promise<Reply[]> {
  const queries = questions.map((question) =>
    encode({
      type: 'query',
      questions: [question],
      additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0 } as never],
    }).toString('base64'),
  );
  const replies = await asker.ask<(string | null)[]>({ do: 'ask', ...at, queries });
  return replies.map((reply) => {
    if (reply === null) return { rcode: 'no reply', answers: [] };
    const message = decode(Buffer.from(reply, 'base64'));
    return { rcode: rcodeOf(message), answers: answersOf(message) };
  });
}

/** What a secondary says, with `$` and `$prefix` as they are, said as the primary would. */
function isSaidBy(ours: Reply, theirs: Reply, address: string): boolean {
  if (ours.rcode !== theirs.rcode || ours.answers.length !== theirs.answers.length) return false;
  const left = [...ours.answers];
  return theirs.answers.every((answer) => {
    const filled = answer.replaceAll(/\$(?!prefix|5)/g, address);
    const [before = '', after] = filled.split('$prefix');
    const k = left.findIndex((one) =>
      after === undefined
        ? one === filled
        : one.startsWith(before) && one.endsWith(after) && one.includes('/'),
    );
    return k >= 0 && left.splice(k, 1).length === 1;
  });
}

for (const seed of [1, 2]) {
  systemTest(
    `10,000 random addresses answer the same here and there (seed ${seed})`,
    ['nsd', 'named', 'namespace', 'dig'],
    async () => {
      const random = new Seeded(seed);
      const ranges = new RandomRanges(random);
      const texts = {
        one: 'in $list: $',
        two: 'because of $reason',
        three: 'all of $prefix',
        four: undefined,
        five: 'at $$5: $',
      };
      const files = Object.fromEntries(
        Object.keys(texts).map((name) => [`${name}.txt`, ranges.list()]),
      );
      const { server, client } = await joinedNamespaces(['192.0.2.3/24']);
      await DnsblService.start(server, { config: configOf(texts), files });
      await startSecondaries(client);
      for (const at of SECONDARIES) {
        const listed = () => ask(client, nameOf('127.0.0.2'), 'A', at);
        await until(listed, 'NOERROR 127.0.0.2', 60_000);
      }
      const addresses = ranges.addresses(10_000);
      const questions = addresses.flatMap(({ family, words }) => {
        const name = dnsblName(family, fullForm(family, words), 'bl.example.net');
        return (['A', 'TXT'] as const).map((type) => ({ name, type }));
      });
      const asker = await Agent.start(client, ASKER);
      const ours = await askAll(asker, PRIMARY, questions);
      const listed = ours.filter(({ answers }) => answers.length > 0).length;
      expect(listed).toBeGreaterThan(ours.length * 0.2);
      expect(listed).toBeLessThan(ours.length * 0.8);
      expect(ours.some(({ answers }) => answers.length > 2)).toBe(true);
      for (const at of SECONDARIES) {
        const theirs = await askAll(asker, at, questions);
        const wrong = questions.flatMap(({ name, type }, k) => {
          const { family, words } = addresses[k >>> 1] as (typeof addresses)[number];
          const [mine, other] = [ours[k] as Reply, theirs[k] as Reply];
          return isSaidBy(mine, other, formatWords(family, words))
            ? []
            : [`${name} ${type}: ${JSON.stringify(mine)} here, ${JSON.stringify(other)} there`];
        });
        expect(wrong.slice(0, 5), `${at.address}, seed ${seed}`).toEqual([]);
      }
    },
    180_000,
  );
}

function fullForm(family: 4 | 6, words: Uint32Array): string {
  if (family === 4) return formatWords(4, words);
  const hex = [...words].map((word) => word.toString(16).padStart(8, '0')).join('');
  return (hex.match(/..../g) ?? []).join(':');
}

systemTest(
  'dig prints the zone, and only where that is allowed',
  ['dig', 'namespace'],
  async () => {
    const { server, client } = await joinedNamespaces(['192.0.2.4/24']);
    await DnsblService.start(server, {
      config: configOf({ blocked: 'by hand: $' }),
      files: { 'blocked.txt': '203.0.113.0/25\n2001:db8::/32\n' },
    });
    const transfer = async (network: Namespace, from: string, ...more: string[]) => {
      const words = ['-p', '5300', '@192.0.2.1', '-b', from, '+noidnout', '+nocmd', ...more];
      return (await network.run('dig', [...words, 'bl.example.net', 'AXFR'])).stdout;
    };
    const zone = await transfer(client, '192.0.2.2', '+noall', '+answer', '+onesoa');
    const records = zone
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/).slice(0, 5).join(' '));
    expect(records).toHaveLength(2 + 2 * (128 + 1 + 1 + 1));
    expect(records[0]).toBe('bl.example.net. 60 IN SOA localhost.');
    expect(records[1]).toBe('bl.example.net. 60 IN NS localhost.');
    expect(records).toContain('127.113.0.203.bl.example.net. 60 IN A 127.0.0.2');
    expect(records).toContain('*.8.b.d.0.1.0.0.2.bl.example.net. 60 IN A 127.0.0.2');
    expect(zone).toMatch(/^127\.113\.0\.203\.bl\.example\.net\.\s60\sIN\sTXT\s"by hand: \$"$/m);

    for (const [network, from] of [
      [client, '192.0.2.4'],
      [server, '192.0.2.1'],
    ] as const) {
      const refused = await transfer(network, from);
      expect(refused).toContain('; Transfer failed.');
      expect(refused).not.toMatch(/\sTXT\s/);
      expect(
        await ask(network, 'bl.example.net', 'AXFR', { ...PRIMARY, options: ['-b', from] }),
      ).toBe('REFUSED');
    }
    // a secondary that is up to date learns so in one record
    const { stdout } = await client.run('dig', [
      ...['-p', '5300', '@192.0.2.1', '-b', '192.0.2.2', '+nocmd', '+noall', '+answer'],
      ...['bl.example.net', `IXFR=${/SOA\s+\S+\s+\S+\s+(\d+)/.exec(zone)?.[1] ?? ''}`],
    ]);
    expect(stdout.trim().split('\n')).toHaveLength(1);
  },
);

const SLOW = new URL('../helpers/slow-transfer.mjs', import.meta.url).pathname;

for (const transport of ['auto', 'dgram']) {
  systemTest(
    `a slow reader of a large zone keeps nobody waiting (transport ${transport})`,
    ['dig', 'namespace'],
    async () => {
      const { server, client } = await joinedNamespaces([]);
      const ranges = Array.from({ length: 60_000 }, (_, k) => {
        const address = `${20 + (k >>> 14)}.${(k >>> 6) & 255}.${(k & 63) * 4}`;
        return `${address}.0-${address}.9 range ${k}\n`;
      });
      const config = configOf({ blocked: 'by hand: $ $reason' }).replace(
        '  notify: [192.0.2.2, 192.0.2.3]',
        `  transport: ${transport}`,
      );
      const service = await DnsblService.start(server, {
        config,
        files: { 'blocked.txt': ranges.join('') },
      });
      const load = await Agent.start(client, LOAD);
      const reader = await Agent.start(client, SLOW);
      await reader.ask({ do: 'open', ...PRIMARY, zone: 'bl.example.net', readBytes: 65_536 });
      await load.ask({
        do: 'start',
        ...PRIMARY,
        window: 4,
        timeoutMs: 500,
        questions: [{ name: nameOf('20.0.4.9'), type: 'A', answers: ['NOERROR 127.0.0.2'] }],
      });
      // meanwhile one that reads as fast as it can
      const fast = await client.run('dig', [
        ...['-p', '5300', '@192.0.2.1', '+noall', '+answer', 'bl.example.net', 'AXFR'],
      ]);
      expect(fast.stdout.match(/^\S+\s60\sIN\sA\s/gm)).toHaveLength(600_000 + 2);
      const slow = await reader.ask<{ isOpen: boolean }>({ do: 'progress' });
      expect(slow.isOpen).toBe(true);
      expect(await load.ask({ do: 'stop' })).toMatchObject({ lost: 0, wrong: [] });
      const finished = await reader.ask({ do: 'finish' });
      expect(finished).toMatchObject({ answers: 2 * (600_000 + 2) + 3 });
      expect(service.server.output()).not.toMatch(/defect|warning/);
    },
    180_000,
  );
}
