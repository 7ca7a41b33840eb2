import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { beforeAll, describe, expect } from 'vitest';

import type { FindingName } from '../../src/mta/doctor/finding-table.js';
import { snippet } from '../docs/markdown.js';
import { DoctorHost, type Examined, postfixFolder } from '../helpers/doctor-host.js';
import { startDnsmasq, startResolved, startUnbound } from '../helpers/name-servers.js';
import { PackageHost } from '../helpers/package-host.js';
import { POSTFIX_NEEDS, Postfix } from '../helpers/postfix.js';
import { missing, systemTest } from '../helpers/programs.js';
import { SENDMAIL_NEEDS, Sendmail } from '../helpers/sendmail.js';
import { MAIN } from '../helpers/sekisho.js';
import type { Server } from '../helpers/server.js';
import { SmtpClient } from '../helpers/smtp.js';

/*
 * `sekisho mta doctor` on hosts of its own, with real resolvers and mail servers.
 */

const CONFIG = `
lists:
  blocked: { file: blocked.txt }
  later: { file: later.txt, action: tempfail }
dnsbl:
  listen: ["127.0.0.1:5300"]
  zones:
    - name: bl.example.net
      lists:
        blocked: { code: 127.0.0.2, text: "by hand: $" }
        later: { code: 127.0.0.4, text: "later: $" }
`;
const KEYED = `${CONFIG}      keys: [SecretKey99]\n`;
const FILES = { 'blocked.txt': '203.0.113.9\n203.0.113.10\n', 'later.txt': '203.0.113.11\n' };
const AT = { address: '127.0.0.1', port: 53 };

const RESTRICTIONS =
  'reject_rbl_client bl.example.net=127.0.0.2, reject_rbl_client bl.example.net=127.0.0.4';
const REPLIES = `bl.example.net=127.0.0.2 550 5.7.1 refused
bl.example.net=127.0.0.4 450 4.7.1 deferred
`;
const STRIPPING = `server:\n  private-address: 127.0.0.0/8\n${snippet('unbound')}`;

/** What it complains of, in its order. */
function complaints({ findings }: Examined): FindingName[] {
  return findings
    .filter(({ severity }) => severity === 'failure' || severity === 'warning')
    .map(({ name }) => name);
}

function namesOf({ findings }: Examined): FindingName[] {
  return findings.map(({ name }) => name);
}

/** The finding of a name. */
function theOne({ findings }: Examined, name: FindingName): { text: string; cure?: string } {
  const found = findings.find((finding) => finding.name === name);
  if (found === undefined) throw new Error(`no ${name} in ${JSON.stringify(findings)}`);
  return found;
}

describe('resolvers', () => {
  const NEEDS = ['unbound', 'dnsmasq', 'postconf', 'postmap', 'dig', 'namespace'];
  const RESOLVED_NEEDS = [...NEEDS, 'systemd-resolved'];
  let host: DoctorHost;
  let postfix: string;
  const examine = (config?: string): Promise<Examined> =>
    host.examine(['postfix', '--file', postfix], config);

  /** The doctor's word while a resolver has port 53. */
  async function whileRunning(start: Promise<Server>, config?: string): Promise<Examined> {
    const server = await start;
    try {
      return await examine(config);
    } finally {
      await server.stop();
    }
  }

  beforeAll(async () => {
    if (missing(...NEEDS) !== undefined) return;
    host = await DoctorHost.create(CONFIG, FILES);
    postfix = await postfixFolder(RESTRICTIONS, { replies: REPLIES });
  });

  systemTest('unbound that takes 127/8 away, but not from this zone', NEEDS, async () => {
    const examined = await whileRunning(startUnbound(host.network, STRIPPING, AT));
    expect(examined.code).toBe(0);
    expect(namesOf(examined)).toEqual([
      ...['dnsbl-good', 'resolver-good', 'mail-server', 'zone-used'],
      ...['would-refuse', 'would-refuse'],
    ]);
    expect(theOne(examined, 'mail-server').text).toMatch(/^Postfix 3\./);
    expect(theOne(examined, 'would-refuse').text).toContain('"550 5.7.1 refused"');
  });

  systemTest('unbound that takes 127/8 away', NEEDS, async () => {
    const settings = STRIPPING.replace(/^ *private-domain.*\n/m, '');
    const examined = await whileRunning(startUnbound(host.network, settings, AT));
    expect(examined.code).toBe(1);
    expect(complaints(examined)).toEqual(['stripped']);
    const { text, cure } = theOne(examined, 'stripped');
    expect(text).toContain('private-address of unbound');
    expect(cure).toBe('in unbound.conf, server: private-domain: "bl.example.net"');
  });

  systemTest('dnsmasq that takes 127/8 away', NEEDS, async () => {
    const settings = snippet('dnsmasq').replace(/^rebind-domain-ok.*\n/m, '');
    const start = startDnsmasq(host.network, `stop-dns-rebind\n${settings}`, AT);
    const examined = await whileRunning(start);
    expect(examined.code).toBe(1);
    expect(complaints(examined)).toEqual(['stripped']);
    const { text, cure } = theOne(examined, 'stripped');
    expect(text).toContain('stop-dns-rebind of dnsmasq');
    expect(cure).toBe('in dnsmasq.conf, rebind-domain-ok=/bl.example.net/');
  });

  systemTest('unbound that validates, and one that may not ask loopback', NEEDS, async () => {
    const anchor = `server:\n  trust-anchor: "example.net. DS 1 8 2 ${'0'.repeat(64)}"\n`;
    const unsigned = snippet('unbound').replace(/^ *domain-insecure.*\n/m, '');
    const bogus = await whileRunning(startUnbound(host.network, anchor + unsigned, AT));
    expect(complaints(bogus)).toEqual(['dnssec-fails']);
    expect(theOne(bogus, 'dnssec-fails').cure).toContain('domain-insecure: "bl.example.net"');

    const shut = snippet('unbound').replace(/^ *do-not-query-localhost.*\n/m, '');
    const examined = await whileRunning(startUnbound(host.network, shut, AT));
    expect(complaints(examined)).toEqual(['not-forwarded']);
    expect(theOne(examined, 'not-forwarded').cure).toContain('do-not-query-localhost: no');
  });

  systemTest('systemd-resolved, with and without the zone', RESOLVED_NEEDS, async () => {
    host.resolveBy('127.0.0.53');
    // without an interface that could reach others it asks nobody
    for (const words of [
      'link add far type veth peer name near',
      'addr add 192.0.2.53/24 dev far',
      'link set near up',
      'link set far up',
    ]) {
      expect(await host.network.run('ip', words.split(' '))).toMatchObject({ code: 0 });
    }
    try {
      // what `resolvectl dns` and `resolvectl domain` say over the system bus, which is not here
      const lines = 'DNS=127.0.0.1:5300\nDomains=~bl.example.net\nDNSSEC=no\n';
      const forwarding = await whileRunning(startResolved(host.network, lines));
      expect(complaints(forwarding)).toEqual([]);
      expect(theOne(forwarding, 'resolver-good').text).toContain('127.0.0.53 (systemd-resolved)');
      const alone = await whileRunning(startResolved(host.network, 'DNSSEC=no\n'));
      expect(complaints(alone)).toContain('not-forwarded');
      expect(theOne(alone, 'not-forwarded').cure).toContain('resolvectl dns dnsbl0 127.0.0.1:5300');
    } finally {
      host.resolveBy('127.0.0.1');
    }
  });

  systemTest('a resolver that answers for every name', NEEDS, async () => {
    const everything = startDnsmasq(host.network, 'address=/#/198.51.100.1\n', AT);
    const examined = await whileRunning(everything);
    expect(complaints(examined)).toEqual(['not-forwarded', 'everything-listed']);
    expect(theOne(examined, 'everything-listed').text).toContain('198.51.100.1 for 127.0.0.1');
  });

  systemTest('nobody at port 53; a public resolver', NEEDS, async () => {
    expect(complaints(await examine())).toEqual(['nobody-at-port-53']);
    host.resolveBy('8.8.8.8');
    const examined = await examine();
    expect(complaints(examined)).toEqual(['public-resolver', 'resolver-silent']);
    expect(theOne(examined, 'public-resolver').text).toContain('8.8.8.8 (Google)');
    const keyed = await examine(host.writeConfig('keyed.yaml', KEYED));
    expect(theOne(keyed, 'not-checked').text).toContain('would see the key');
    host.resolveBy('127.0.0.1');
  });

  systemTest('two resolvers, of which one knows the zone', NEEDS, async () => {
    const other = await startDnsmasq(host.network, '', { address: '127.0.0.3' });
    host.resolveBy('127.0.0.3', '127.0.0.1');
    const examined = await whileRunning(startUnbound(host.network, snippet('unbound'), AT));
    await other.stop();
    host.resolveBy('127.0.0.1');
    expect(examined.code).toBe(1);
    expect(complaints(examined)).toContain('not-forwarded');
    expect(namesOf(examined)).toContain('resolver-good');
  });

  systemTest('a long negative TTL, and a port that another has', NEEDS, async () => {
    const long = host.writeConfig('long.yaml', `${CONFIG}      negative_ttl: 10m\n`);
    const unbound = startUnbound(host.network, snippet('unbound'), AT);
    const examined = await whileRunning(unbound, long);
    expect(examined.code).toBe(3);
    expect(theOne(examined, 'negative-ttl-long').text).toContain('for 600 s');

    const taken = host.writeConfig('taken.yaml', CONFIG.replace('127.0.0.1:5300', '127.0.0.1:53'));
    const elsewhere = await whileRunning(startDnsmasq(host.network, '', AT), taken);
    expect(theOne(elsewhere, 'port-taken').text).toContain('127.0.0.1:53, and dnsmasq has');
  });
});

describe('mail servers', () => {
  const NEEDS = [...POSTFIX_NEEDS, 'unbound', 'postmap', 'dig', 'namespace'];
  let host: DoctorHost;

  beforeAll(async () => {
    if (missing(...NEEDS) !== undefined) return;
    host = await DoctorHost.create(CONFIG, FILES);
    await startUnbound(host.network, snippet('unbound'), AT);
  });

  const examinePostfix = async (
    restrictions: string,
    more: Parameters<typeof postfixFolder>[1] = {},
    config?: string,
  ): Promise<Examined> =>
    host.examine(['postfix', '--file', await postfixFolder(restrictions, more)], config);

  systemTest('zones that are missing, or without filters', NEEDS, async () => {
    const [absent, open, half] = await Promise.all([
      examinePostfix('permit'),
      examinePostfix('reject_rbl_client bl.example.net'),
      examinePostfix('reject_rbl_client bl.example.net=127.0.0.[2..3]', { replies: REPLIES }),
    ]);
    expect(absent.code).toBe(1);
    expect(complaints(absent)).toEqual(['zone-missing']);
    expect(theOne(absent, 'zone-missing').cure).toBe('sekisho mta print postfix');

    expect(open.code).toBe(3);
    expect(complaints(open)).toEqual(['filter-missing']);
    expect(theOne(open, 'filter-missing').cure).toContain('bl.example.net=127.0.0.2');
    expect(theOne(open, 'would-refuse').text).toContain('554 5.7.1 Service unavailable');

    expect(complaints(half)).toEqual(['codes-unused']);
    expect(theOne(half, 'codes-unused').text).toContain('127.0.0.4 (later)');
  });

  systemTest('postscreen that ignores, a chroot with an old resolv.conf', NEEDS, async () => {
    const main = 'postscreen_dnsbl_sites = bl.example.net=127.0.0.[2;4]*3\n';
    const master = 'submission inet n - y - - smtpd\n';
    const [ignoring, old] = await Promise.all([
      examinePostfix('permit', { main, master: 'smtp inet n - n - 1 postscreen\n' }),
      examinePostfix(RESTRICTIONS, {
        ...{ replies: REPLIES, master },
        chroot: 'nameserver 192.0.2.53\n',
      }),
    ]);
    expect(complaints(ignoring)).toEqual(['postscreen-ignores']);
    const alone = await examinePostfix('permit', {
      main: 'postscreen_dnsbl_sites = bl.example.net=127.0.0.2*3\npostscreen_dnsbl_action = enforce\n',
      master: 'smtp inet n - n - 1 postscreen\n',
    });
    expect(complaints(alone)).toEqual([]);
    expect(theOne(alone, 'codes-for-good').text).toContain('127.0.0.4 lists (later) passes it');
    expect(old.code).toBe(1);
    expect(complaints(old)).toEqual(['chroot-resolver']);
    expect(theOne(old, 'chroot-resolver').cure).toMatch(
      /^cp \/etc\/resolv\.conf \S+\/spool\/etc\/resolv\.conf && postfix reload$/,
    );
  });

  systemTest('a key that a reply would tell; the doctor does not', NEEDS, async () => {
    const config = host.writeConfig('keyed.yaml', KEYED);
    const site = 'SecretKey99.bl.example.net=127.0.0.[2;4]';
    const replies = `${site} 550 5.7.1 refused\n`;
    const [leaking, kept] = await Promise.all([
      examinePostfix(`reject_rbl_client ${site}`, {}, config),
      examinePostfix(`reject_rbl_client ${site}`, { replies }, config),
    ]);
    expect(complaints(leaking)).toContain('key-in-reply');
    expect(complaints(kept)).not.toContain('key-in-reply');
    expect(theOne(kept, 'would-refuse').text).toContain('KEY.bl.example.net');
    for (const { output } of [leaking, kept])
      expect(output.toLowerCase()).not.toContain('secretkey');
  });

  systemTest('wrong words, and what cannot be read', NEEDS, async () => {
    const doctor = (...words: string[]) =>
      host.network.run(process.execPath, [MAIN, 'mta', 'doctor', ...words]);
    const configured = ['--config', join(host.service.folder, 'sekisho.yaml')];
    const bare = host.writeConfig('bare.yaml', 'lists: {}\n');
    const [unknown, nameless, zoneless, unreadable] = await Promise.all([
      doctor('courier', ...configured),
      doctor('--file', 'x', ...configured),
      doctor('--config', bare),
      host.examine(['postfix', '--file', '/nonexistent']),
    ]);
    expect([unknown.code, nameless.code, zoneless.code]).toEqual([2, 2, 2]);
    expect(unknown.stderr).toContain('expected one of postfix');
    expect(zoneless.stderr).toContain('no zone below dnsbl.zones');
    expect(theOne(unreadable, 'not-checked').text).toContain('postfix');
  });

  systemTest(
    'exim, sendmail, rspamd, SpamAssassin and rblsmtpd are asked themselves',
    [...NEEDS, ...SENDMAIL_NEEDS, 'exim4', 'rspamadm', 'spamassassin', 'rblsmtpd'],
    async () => {
      const packages = await PackageHost.create(host.network, {
        packages: ['exim', 'rspamd', 'spamassassin', 'ucspi-tcp'],
        users: ['Debian-exim', '_rspamd'],
      });
      mkdirSync(join(packages.folder, 'log'));
      const examine = (name: string, text: string): Promise<Examined> => {
        const file = join(packages.folder, name);
        writeFileSync(file, text.replaceAll('FOLDER', packages.folder));
        return host.examine([name, '--file', file], undefined, packages);
      };
      const mc = [2, 4].map(
        (n) =>
          `FEATURE(\`enhdnsbl', \`bl.example.net', \`"${n === 2 ? '550 5.7.1' : '450 4.7.1'} no"', \`', \`127.0.0.${n}.')dnl\n`,
      );
      const mailer = await Sendmail.prepare(host.network, { mc: mc.join('') });
      const cf = join(mailer.configFolder, 'sendmail.cf');
      // Debian's own access map has such a line
      const trusting = await Sendmail.prepare(host.network, {
        mc: mc.join(''),
        access: 'Connect:127 RELAY\n',
      });
      const trustingCf = join(trusting.configFolder, 'sendmail.cf');
      const [exim, rspamd, spamassassin, qmail, sendmail, trustful] = await Promise.all([
        examine('exim', EXIM),
        examine('rspamd', RSPAMD),
        examine('spamassassin', SPAMASSASSIN),
        examine('qmail', QMAIL),
        host.examine(['sendmail', '--file', cf], undefined, mailer.host),
        host.examine(['sendmail', '--file', trustingCf], undefined, trusting.host),
      ]);
      expect(complaints(exim)).toEqual([]);
      expect(theOne(exim, 'mail-server').text).toMatch(/^Exim 4\./);
      const replies = (one: Examined): string[] =>
        one.findings.flatMap(({ text }) => /would answer "(.*?)"/.exec(text)?.[1] ?? []);
      expect(replies(exim)).toEqual([
        '550 5.7.1 no by hand: 127.0.0.2',
        '450 4.7.1 no later: 127.0.0.4',
      ]);
      expect(complaints(rspamd)).toEqual(['codes-unused']);
      expect(namesOf(rspamd)).toContain('not-checked');
      expect(complaints(spamassassin)).toEqual(['filter-missing']);
      expect(complaints(qmail)).toEqual([]);
      expect(replies(qmail)).toEqual(['553 by hand: 127.0.0.2']);
      expect(complaints(sendmail)).toEqual([]);
      expect(theOne(sendmail, 'mail-server').text).toMatch(/^sendmail 8\./);
      expect(replies(sendmail)).toEqual(['550 5.7.1 no', '450 4.7.1 no']);
      expect(complaints(trustful)).toEqual([]);
      expect(replies(trustful)).toEqual(replies(sendmail));
      const accept = '  accept hosts = 127.0.0.0/8\n  deny dnslists';
      const lenient = await examine('exim', EXIM.replace('  deny dnslists', accept));
      expect(complaints(lenient)).toEqual([]);
      expect(theOne(lenient, 'not-checked').text).toContain('it seems to trust 127.0.0.0/8');
      const blind = await examine(
        'exim',
        EXIM.replace('  deny dnslists', '  accept\n  deny dnslists'),
      );
      expect(complaints(blind)).toEqual(['would-pass', 'would-pass']);
    },
    40_000,
  );

  systemTest(
    'a Postfix that runs in a chroot with an old resolv.conf lets listed clients in',
    NEEDS,
    async () => {
      await host.network.addAddresses(['203.0.113.9']);
      const postfix = await Postfix.start(host.network, {
        main: `smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, ${RESTRICTIONS}\n`,
        master: '2526 inet n - y - - smtpd\n',
      });
      const file = join(postfix.host.folder, 'spool/etc/resolv.conf');
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, 'nameserver 127.0.0.9\n');
      const client = await SmtpClient.start(host.network);
      const wish = { from: '203.0.113.9', port: 2526 };
      const words = ['postfix', '--file', postfix.configFolder];
      const examine = () => host.examine(words, undefined, postfix.host);
      expect(await client.recipientReply(wish)).toMatch(/^250 /);
      const found = theOne(await examine(), 'chroot-resolver');
      expect(found.text).toContain('127.0.0.9');
      // its cure
      const cure = (found.cure ?? '').split(' && ')[0]?.split(' ') ?? [];
      expect(await postfix.host.run('cp', cure.slice(1))).toMatchObject({ code: 0 });
      expect(cure[2]).toBe(file);
      await postfix.stop();
      await postfix.again();
      expect(await client.recipientReply(wish)).toMatch(/^554 /);
      expect(namesOf(await examine())).not.toContain('chroot-resolver');
    },
    40_000,
  );

  systemTest(
    'the zone is dead: mail is accepted, and the doctor alarmed',
    NEEDS,
    async () => {
      await host.network.addAddresses(['203.0.113.10']);
      const postfix = await Postfix.start(host.network, {
        main: `smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, ${RESTRICTIONS}\n`,
      });
      const client = await SmtpClient.start(host.network);
      expect(await client.recipientReply({ from: '203.0.113.9' })).toMatch(/^554 /);
      await host.service.server.stop();
      expect(await client.recipientReply({ from: '203.0.113.10' })).toMatch(/^250 /);
      const words = ['postfix', '--file', postfix.configFolder];
      const examined = await host.examine(words, undefined, postfix.host);
      expect(examined.code).toBe(1);
      expect(complaints(examined)).toContain('dnsbl-silent');
      expect(theOne(examined, 'dnsbl-silent').cure).toContain('sekisho serve');
    },
    40_000,
  );
});

const EXIM = `primary_hostname = mx.test.example
log_file_path = FOLDER/log/%slog
spool_directory = FOLDER/spool
keep_environment =
acl_smtp_rcpt = check_rcpt
begin acl
check_rcpt:
  deny dnslists = bl.example.net=127.0.0.2
    message = 550 5.7.1 no $dnslist_text
  defer dnslists = bl.example.net=127.0.0.4
    message = 450 4.7.1 no $dnslist_text
  accept
begin routers
begin transports
`;

const RSPAMD = `rbl { rbls { sekisho {
  symbol = "UNKNOWN"; rbl = "bl.example.net"; checks = ["from"]; unknown = false;
  returncodes { SEKISHO_REJECT = ["127.0.0.2"]; }
} } }
`;

const SPAMASSASSIN = `header LISTED eval:check_rbl('s-lastexternal', 'bl.example.net.')\n`;

const QMAIL = `#!/bin/sh
exec tcpserver -v 0 smtp \\
  rblsmtpd -b -r bl.example.net \\
  qmail-smtpd
`;
