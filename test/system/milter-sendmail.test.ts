import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect } from 'vitest';

import { MilterService } from '../helpers/milter-service.js';
import { Namespace } from '../helpers/namespace.js';
import { missing, systemTest } from '../helpers/programs.js';
import { SENDMAIL_NEEDS, Sendmail } from '../helpers/sendmail.js';
import { SmtpClient, type SmtpWishes } from '../helpers/smtp.js';

const FILTER = "INPUT_MAIL_FILTER(`sekisho', `S=inet:9900@127.0.0.1, T=S:5s;R:5s')dnl\n";
const MSA = "DAEMON_OPTIONS(`Name=MSA4, Family=inet, Addr=127.0.0.1, Port=587')dnl\n";
/** sendmail puts the recipient before a text that refuses for good. */
const BLOCKED = '550 5.7.1 <user@test.example>... [203.0.113.7] is 100% blocked: spam';

const KNOWN = '  known: [198.51.100.0/24]\n';
const RULES = `accept
helo /^good/

reject "no dynamic hosts"
helo /^(dyn|dsl)[0-9]*\\./e

tempfail "later"
envfrom /@partner\\.example>$/ and macro /{daemon_name}/ /^MTA/

reject "not sales"
envrcpt /<sales@/

reject "no casinos"
header /^Subject$/ /CASINO/i
`;

let network: Namespace;
let milter: MilterService;
let second: MilterService;
let sendmail: Sendmail;
let client: SmtpClient;

beforeAll(async () => {
  if (missing(...SENDMAIL_NEEDS) !== undefined) return;
  network = await Namespace.create();
  await network.addAddresses(['192.0.2.1/32', '203.0.113.7/32', '203.0.113.8/32']);
  await network.addAddresses(['198.51.100.1/32', '2001:db8:bad::7/128', '2001:db8::1/128']);
  milter = await MilterService.start(network, { milter: KNOWN });
  second = await MilterService.start(network, {
    port: 9901,
    milter: '  allow: [blocked]\n  helo: { no_dot: "off" }\n',
  });
  const more = "INPUT_MAIL_FILTER(`second', `S=inet:9901@127.0.0.1')dnl\n";
  sendmail = await Sendmail.start(network, { mc: FILTER + more + MSA });
  client = await SmtpClient.start(network);
});

/** The headers of the message in the queue that holds the mark. */
function queued(mark: string): string {
  const folder = join(sendmail.host.folder, 'queue');
  const names = readdirSync(folder).filter((name) => name.startsWith('qf'));
  const texts = names.map((name) => readFileSync(join(folder, name), 'utf8'));
  const text = texts.find((one) => one.includes(mark));
  if (text === undefined) throw new Error(`no message with ${mark} in the queue`);
  return text;
}

describe('sendmail', () => {
  systemTest('550 and 450 at RCPT with own text, IPv6 too', SENDMAIL_NEEDS, async () => {
    const accepted = expect.stringMatching(/^250 /) as string;
    const expected = {
      '203.0.113.7': BLOCKED,
      '203.0.113.8': '451 4.7.0 [203.0.113.8] later',
      '192.0.2.1': accepted,
      '2001:db8:bad::7': '550 5.7.1 <user@test.example>... [2001:db8:bad::7] is 100% blocked:',
      '2001:db8::1': accepted,
    };
    const wishes = { recipients: ['user@test.example'] };
    expect(await client.recipientReplies(Object.keys(expected), wishes)).toEqual(expected);
  });

  systemTest('HELO; exempt recipients; the submission port', SENDMAIL_NEEDS, async () => {
    const from = '192.0.2.1';
    expect(await client.recipientReply({ from, helo: 'bare' })).toMatch(/^554 5\.7\.1 Malformed/);
    expect(await client.recipientReply({ from, helo: 'mx.test.example' })).toMatch(/^451 4\.7\.1 /);
    const recipients = ['user@test.example', 'postmaster@test.example'];
    const said = await client.session({ from: '203.0.113.7', recipients });
    expect(said.recipients[0]).toBe(BLOCKED);
    expect(said.recipients[1]).toMatch(/^250 /);
    expect(await client.recipientReply({ from: '203.0.113.7', port: 587 })).toMatch(/^250 /);
  });

  systemTest('a header, forged ones gone, beside a second milter', SENDMAIL_NEEDS, async () => {
    await second.reload('  header: false\n  observe: true\n');
    const message = 'X-Sekisho: a\r\nSubject: mark-1\r\nx-sekisho: b\r\nX-Sekisho: c\r\n\r\ntext';
    const { data } = await client.session({ from: '192.0.2.1', message });
    expect(data).toMatch(/^250 /);
    // the second, which has no header of its own, takes away that of the first
    expect(queued('mark-1')).not.toMatch(/x-sekisho/i);
    await second.reload('  observe: true\n');
    const recipients = ['postmaster@test.example'];
    const again = { from: '203.0.113.7', recipients, message: message.replace('mark-1', 'mark-2') };
    expect((await client.session(again)).data).toMatch(/^250 /);
    expect(queued('mark-2').match(/X-Sekisho: .*$/gim)).toEqual([
      'X-Sekisho: address=203.0.113.7; country=unknown; verdict=reject; by=list blocked',
    ]);
  });

  systemTest('behind a known host', SENDMAIL_NEEDS, async () => {
    const message =
      'Received: from c (d [203.0.113.8])\r\n\tby gw.example (8.17) with ESMTP id 1\r\n' +
      'Subject: mark-3\r\n\r\ntext';
    await second.reload('  known: [198.51.100.0/24]\n');
    expect((await client.session({ from: '198.51.100.1', message })).data).toMatch(/^250 /);
    expect(queued('mark-3')).toContain(
      'X-Sekisho: address=203.0.113.8; country=unknown; verdict=tempfail',
    );
  });

  systemTest('the dry run: mail passes, and the header tells', SENDMAIL_NEEDS, async () => {
    await milter.reload(`${KNOWN}  observe: true\n`);
    // beside a second milter only the last adds its header
    await second.reload('  observe: true\n');
    const message = 'Subject: mark-4\r\n\r\ntext';
    const said = await client.session({ from: '203.0.113.7', helo: 'bare', message });
    expect([said.recipients[0], said.data].map((reply) => reply?.slice(0, 3))).toEqual([
      '250',
      '250',
    ]);
    expect(queued('mark-4')).toContain('verdict=reject; by=list blocked');
    expect(milter.server.output()).toMatch(/would reject \(dry run\) by=list blocked/);
  });

  systemTest('rules: HELO, sender, recipient, header, macro', SENDMAIL_NEEDS, async () => {
    milter.write('rules.conf', RULES);
    await milter.reload(`${KNOWN}  rules: rules.conf\n`);
    const ask = async (wishes: Partial<SmtpWishes>): Promise<string> => {
      const message = 'Subject: cheap casino\r\n\r\ntext';
      const said = await client.session({ from: '192.0.2.1', ...wishes, message });
      return [said.recipients[0], said.data].find((reply) => !reply?.startsWith('250')) ?? '250';
    };
    const recipients = ['sales@test.example'];
    expect(await ask({ helo: 'dyn7.example' })).toBe('554 5.7.1 no dynamic hosts');
    expect(await ask({ sender: 'a@partner.example' })).toBe('451 4.7.1 later');
    expect(await ask({ recipients })).toMatch(/^554 5\.7\.1 .*not sales$/);
    expect(await ask({})).toBe('554 5.7.1 no casinos');
    expect(await ask({ helo: 'good.example', from: '203.0.113.7' })).toBe('250');
  });

  systemTest('behind a known host, refused where asked', SENDMAIL_NEEDS, async () => {
    await milter.reload(`${KNOWN}  refuse_behind_known: true\n`);
    const message =
      'Received: from c (d [203.0.113.7])\r\n\tby gw.example (8.17) with ESMTP id 1\r\n' +
      'Subject: x\r\n\r\ntext';
    const from = '198.51.100.1';
    expect((await client.session({ from, message })).data).toBe(
      '550 5.7.1 [203.0.113.7] is 100% blocked: spam',
    );
    const recipients = ['user@test.example', 'postmaster@test.example'];
    expect((await client.session({ from, message, recipients })).data).toMatch(/^250 /);
  });

  systemTest('where the milter is down, mail passes without F=', SENDMAIL_NEEDS, async () => {
    await milter.server.stop();
    await second.server.stop();
    expect(await client.recipientReply({ from: '203.0.113.7' })).toMatch(/^250 /);
  });

  systemTest('with F=T it is refused for now', SENDMAIL_NEEDS, async () => {
    await sendmail.stop();
    await Sendmail.start(network, {
      mc: FILTER.replace('9900@127.0.0.1,', '9900@127.0.0.1, F=T,'),
    });
    expect(await client.recipientReply({ from: '192.0.2.1' })).toMatch(/^451 4\.3\.2 /);
  });
});
