import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';

import { snippet } from '../docs/markdown.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { ask } from '../helpers/dns-questions.js';
import { DnsblService, until } from '../helpers/dnsbl-service.js';
import { type Where, startDnsmasq, startNamed, startUnbound } from '../helpers/name-servers.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';

/*
 * Clients and resolvers of others in front of `sekisho serve`, with the settings of docs/dnsbl.md,
 * in a namespace without a way out.
 */

const CONFIG = `
lists:
  blocked: { file: blocked.txt }
  more: { file: more.txt }
dnsbl:
  listen: ["127.0.0.1:5300", "[::1]:5300"]
  zones:
    - name: bl.example.net
      lists:
        blocked: { code: 127.0.0.2, text: "by hand: $" }
        more: { code: 127.0.0.4, text: "$ of $list" }
    - { name: keyed.example.net, keys: [abcdefgh], lists: { blocked: { code: 127.0.0.2 } } }
`;
const FILES = { 'blocked.txt': '203.0.113.9\n2001:db8::/33\n', 'more.txt': '203.0.113.8/30\n' };
const LISTED = 'NOERROR 127.0.0.2 127.0.0.4';
const IPV6 = `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.bl.example.net`;

async function start(): Promise<{ network: Namespace; service: DnsblService }> {
  const network = await Namespace.create();
  return { network, service: await DnsblService.start(network, { config: CONFIG, files: FILES }) };
}

/** What mail servers and people ask, and what is right. */
const QUESTIONS: readonly (readonly [name: string, type: string, reply: string])[] = [
  ['2.0.0.127.bl.example.net', 'A', 'NOERROR 127.0.0.2'],
  ['1.0.0.127.bl.example.net', 'A', 'NXDOMAIN'],
  ['9.113.0.203.bl.example.net', 'A', LISTED],
  ['9.113.0.203.bl.example.net', 'TXT', 'NOERROR "203.0.113.9 of more" "by hand: 203.0.113.9"'],
  ['12.113.0.203.bl.example.net', 'A', 'NXDOMAIN'],
  ['9.113.0.203.bl.example.net', 'AAAA', 'NOERROR'],
  ['113.0.203.bl.example.net', 'A', 'NOERROR'],
  [IPV6, 'A', 'NOERROR 127.0.0.2'],
  [IPV6, 'TXT', 'NOERROR "by hand: 2001:db8::1"'],
  ['bl.example.net', 'NS', 'NOERROR localhost.'],
];

systemTest('dig gets every form of answer', ['dig', 'namespace'], async () => {
  const { network } = await start();
  const forms: Where[] = [
    { address: '127.0.0.1', port: 5300 },
    { address: '::1', port: 5300 },
  ];
  for (const place of forms) {
    for (const options of [['+notcp'], ['+tcp'], ['+noedns'], ['+dnssec'], ['+cookie', '+nsid']]) {
      for (const [name, type, reply] of QUESTIONS) {
        const at = { ...place, options };
        expect(await ask(network, name, type, at), `${name} ${type} ${options.join(' ')}`).toBe(
          reply,
        );
      }
    }
  }
  const at = (...options: string[]) => ({ address: '127.0.0.1', options });
  expect(await ask(network, '9.113.0.203.BL.example.NET', 'A')).toBe(LISTED);
  expect(await ask(network, '9.113.0.203.bl.example.net', 'ANY', at('+notcp'))).toBe(LISTED);
  expect(await ask(network, 'example.net', 'A')).toBe('REFUSED');
  expect(await ask(network, '9.113.0.203.bl.example.net', 'A', at('-c', 'CH'))).toBe('REFUSED');
  expect(await ask(network, 'bl.example.net', 'A', at('+edns=1', '+noednsneg'))).toBe('BADVERS');
  expect(await ask(network, 'bl.example.net', 'A', at('+opcode=UPDATE'))).toMatch(
    /^(NOTIMP|FORMERR)$/,
  );
  expect(await ask(network, '9.113.0.203.keyed.example.net', 'A')).toBe('REFUSED');
  expect(await ask(network, '9.113.0.203.abcdefgh.keyed.example.net', 'A')).toBe(
    'NOERROR 127.0.0.2',
  );
});

const AT = { address: '127.0.0.1', port: 53 };

/** All the questions through a resolver, and a change that it has to see after the negative TTL. */
async function expectAnswers(network: Namespace, service: DnsblService): Promise<void> {
  for (const [name, type, reply] of QUESTIONS) {
    const found = await ask(network, name, type, AT);
    expect(found, `${name} ${type}`).toBe(reply);
  }
  const name = '77.113.0.203.bl.example.net';
  expect(await ask(network, name, 'A', AT)).toBe('NXDOMAIN');
  service.write('blocked.txt', `${FILES['blocked.txt']}203.0.113.77\n`);
  await until(() => ask(network, name, 'A', AT), 'NOERROR 127.0.0.2', 12_000);
}

describe('unbound', () => {
  const needs = ['unbound', 'dig', 'namespace'];
  const hostile = `server:
  qname-minimisation: yes
  qname-minimisation-strict: yes
  private-address: 127.0.0.0/8
  trust-anchor: "example.net. DS 1 8 2 ${'0'.repeat(64)}"
`;

  systemTest(
    'as in the documentation, with minimised names',
    needs,
    async () => {
      const { network, service } = await start();
      await startUnbound(network, hostile + snippet('unbound'), AT);
      // label by label, from names above any listing
      expect(await ask(network, '203.bl.example.net', 'A', AT)).toBe('NOERROR');
      expect(await ask(network, '9.bl.example.net', 'A', AT)).toBe('NXDOMAIN');
      expect(await ask(network, '2.bl.example.net', 'A', AT)).toBe('NOERROR');
      await expectAnswers(network, service);
    },
    40_000,
  );

  for (const [line, reply] of [
    ['do-not-query-localhost: no', 'SERVFAIL'],
    ['private-domain: "bl.example.net"', 'NOERROR'],
    ['domain-insecure: "bl.example.net"', 'SERVFAIL'],
  ] as const) {
    systemTest(
      `blocks nothing without ${line}`,
      needs,
      async () => {
        const { network } = await start();
        const settings = snippet('unbound');
        expect(settings).toContain(line);
        await startUnbound(network, hostile + settings.replace(`  ${line}\n`, ''), AT);
        const options = ['+timeout=20'];
        expect(await ask(network, '9.113.0.203.bl.example.net', 'A', { ...AT, options })).toBe(
          reply,
        );
      },
      40_000,
    );
  }
});

describe('dnsmasq', () => {
  const needs = ['dnsmasq', 'dig', 'namespace'];

  systemTest(
    'as in the documentation',
    needs,
    async () => {
      const { network, service } = await start();
      await startDnsmasq(network, `stop-dns-rebind\n${snippet('dnsmasq')}`, AT);
      await expectAnswers(network, service);
    },
    40_000,
  );

  systemTest('blocks nothing without rebind-domain-ok', needs, async () => {
    const { network } = await start();
    const settings = snippet('dnsmasq').replace(/^rebind-domain-ok.*\n/m, '');
    await startDnsmasq(network, `stop-dns-rebind\n${settings}`, AT);
    expect(await ask(network, '9.113.0.203.bl.example.net', 'A', AT)).not.toContain('127.0.0.2');
  });
});

systemTest(
  'named forwards as in the documentation',
  ['named', 'dig', 'namespace'],
  async () => {
    const { network, service } = await start();
    const [, options, zone] = /^options \{\n(.*?)^\};\n(.*)/ms.exec(snippet('named')) ?? [];
    expect(options).toBeDefined();
    await startNamed(network, zone ?? '', AT, `recursion yes;\n${options ?? ''}`);
    await expectAnswers(network, service);
  },
  40_000,
);

systemTest(
  'rblsmtpd asks port 53, and rejects with the text',
  ['rblsmtpd', 'dig', 'namespace'],
  async () => {
    const network = await Namespace.create();
    await DnsblService.start(network, {
      config: CONFIG.replace('["127.0.0.1:5300", "[::1]:5300"]', '["127.0.0.2:53"]'),
      files: FILES,
      at: { address: '127.0.0.2', port: 53 },
    });
    const [, assignment, command] =
      /^DNSCACHEIP=(\S+) rblsmtpd (.*)\n$/.exec(snippet('rblsmtpd')) ?? [];
    const talk = async (client: string, ...more: string[]): Promise<string> => {
      const words = [...more, ...(command ?? '').split(' '), 'echo', 'the mail server'];
      const { stdout } = await network.run('rblsmtpd', words, {
        input: 'HELO a\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nQUIT\r\n',
        env: { DNSCACHEIP: assignment ?? '', TCPREMOTEIP: client },
      });
      return stdout;
    };
    expect(await talk('203.0.113.9')).toMatch(/^451 .*by hand: 203\.0\.113\.9/m);
    expect(await talk('203.0.113.9', '-b')).toMatch(/^553 .*by hand: 203\.0\.113\.9/m);
    expect(await talk('203.0.113.8')).toMatch(/^451 203\.0\.113\.8 of more/m);
    expect(await talk('203.0.113.77')).toBe('the mail server\n');
  },
  40_000,
);

systemTest(
  'dnsperf loses no question',
  ['dnsperf', 'dig', 'namespace'],
  async () => {
    const { network } = await start();
    const file = join(await temporaryFolder(), 'queries');
    const names = Array.from({ length: 1000 }, (_, k) => [
      `${k % 256}.113.0.203.bl.example.net ${k % 3 === 0 ? 'TXT' : 'A'}`,
      `${k % 10}.${IPV6.slice(2)} A`,
    ]);
    await writeFile(file, `${names.flat().join('\n')}\n`);
    const words = ['-s', '127.0.0.1', '-p', '5300', '-d', file, '-l', '3', '-q', '50'];
    for (const more of [[], ['-m', 'tcp', '-c', '4'], ['-e', '-b', '512']]) {
      const { stdout } = await network.run('dnsperf', [...words, ...more]);
      const figure = (what: string): number =>
        Number(new RegExp(`^\\s*${what}:\\s+(\\d+)`, 'm').exec(stdout)?.[1]);
      expect(figure('Queries lost'), stdout).toBe(0);
      expect(figure('Queries completed')).toBeGreaterThan(1000);
      expect(stdout).toMatch(
        /Response codes:\s+NOERROR \d+ \([\d.]+%\), NXDOMAIN \d+ \([\d.]+%\)\n/,
      );
    }
  },
  40_000,
);
