import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { MilterService, until } from '../helpers/milter-service.js';
import { Namespace } from '../helpers/namespace.js';
import { POSTFIX_NEEDS, Postfix } from '../helpers/postfix.js';
import { missing, systemTest } from '../helpers/programs.js';
import { startAuthentication } from '../helpers/sasl.js';
import { SmtpClient } from '../helpers/smtp.js';

const MILTERS = 'smtpd_milters = inet:127.0.0.1:9900\nmilter_default_action = tempfail\n';
const BLOCKED = '550 5.7.1 [203.0.113.7] is 100% blocked: spam';

let network: Namespace;
let milter: MilterService;
let postfix: Postfix;
let client: SmtpClient;
let delivered: string;
let master: string;
let main: string;

beforeAll(async () => {
  if (missing(...POSTFIX_NEEDS) !== undefined) return;
  network = await Namespace.create();
  const all = ['192.0.2.1/32', '203.0.113.7/32', '203.0.113.8/32', '198.51.100.1/32'];
  const six = ['2001:db8:bad::7/128', '2001:db8:cc::8/128', '2001:db8::1/128'];
  await network.addAddresses([...all, ...six]);
  const folder = await temporaryFolder();
  delivered = join(folder, 'delivered');
  writeFileSync(delivered, '');
  chmodSync(delivered, 0o666);
  master =
    '587 inet n - n - - smtpd\n' +
    `keep unix - n n - - pipe flags=q user=daemon argv=/usr/bin/tee -a ${delivered}\n`;
  main = 'local_transport = keep\n';
  milter = await MilterService.start(network);
  postfix = await Postfix.start(network, { main: main + MILTERS, master });
  client = await SmtpClient.start(network);
});

let sent = 0;

/** Sends a message and gives what was delivered, or what was answered instead. */
async function deliver(
  from: string,
  headers = '',
  to = 'postmaster@test.example',
): Promise<string> {
  sent += 1;
  const mark = `mark-${sent}-`;
  const message = `${headers}Subject: test\r\n\r\n${mark}end`;
  const { data, recipients } = await client.session({ from, message, recipients: [to] });
  if (!data.startsWith('250')) return data === '' ? recipients.join() : data;
  await until(() => readFileSync(delivered, 'utf8').includes(mark));
  const text = readFileSync(delivered, 'utf8');
  const end = text.indexOf(mark);
  return text.slice(Math.max(0, text.lastIndexOf('-end', end)), end);
}

describe('Postfix', () => {
  systemTest('550 and 450 at RCPT with own text, for IPv4 and IPv6', POSTFIX_NEEDS, async () => {
    const expected = {
      '203.0.113.7': BLOCKED,
      '203.0.113.8': '451 4.7.0 [203.0.113.8] later',
      '192.0.2.1': '250 2.1.5 Ok',
      '2001:db8:bad::7': '550 5.7.1 [2001:db8:bad::7] is 100% blocked:',
      '2001:db8:cc::8': '451 4.7.0 [2001:db8:cc::8] later',
      '2001:db8::1': '250 2.1.5 Ok',
    };
    expect(await client.recipientReplies(Object.keys(expected))).toEqual(expected);
  });

  systemTest('HELO checks, our own name from Postfix itself', POSTFIX_NEEDS, async () => {
    const from = '192.0.2.1';
    expect(await client.recipientReply({ from, helo: 'bare' })).toMatch(/^554 5\.7\.1 Malformed/);
    expect(await client.recipientReply({ from, helo: 'MX.test.example' })).toMatch(/^451 4\.7\.1 /);
    expect(await client.recipientReply({ from, helo: '[127.0.0.1]' })).toMatch(/^451 4\.7\.1 /);
    expect(await client.recipientReply({ from, helo: '[192.0.2.77]' })).toMatch(/^250 /);
    expect(await client.recipientReply({ from: '127.0.0.1', helo: 'bare' })).toMatch(/^250 /);
  });

  systemTest('who has authenticated is not judged', POSTFIX_NEEDS, async () => {
    const user = { user: 'user@test.example', password: 'geheim' };
    const path = join(postfix.host.folder, 'auth');
    await startAuthentication(path, user);
    const auth =
      'smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\n' + `smtpd_sasl_path = ${path}\n`;
    await postfix.reload({ main: main + auth + MILTERS, master });
    const stranger = { from: '203.0.113.7', helo: 'bare' };
    const known = await client.session({ ...stranger, login: user });
    expect(known).toMatchObject({ login: '235 2.7.0 Authentication successful' });
    expect(known.recipients).toEqual(['250 2.1.5 Ok']);
    const wrong = await client.session({ ...stranger, login: { ...user, password: 'x' } });
    expect(wrong.login).toMatch(/^535 /);
    expect(wrong.recipients).toEqual([BLOCKED]);
    expect(await client.recipientReply(stranger)).toBe(BLOCKED);
    const wish = { ...stranger, login: user, message: 'Subject: x\r\n\r\nauthenticated' };
    expect((await client.session({ ...wish, recipients: ['user@test.example'] })).data).toMatch(
      /^250 /,
    );
    await until(() => readFileSync(delivered, 'utf8').includes('authenticated'));
    const text = readFileSync(delivered, 'utf8')
      .split(/-end/)
      .find((one) => one.includes('authenticated'));
    expect(text).not.toContain('X-Sekisho');
    await postfix.reload({ main: main + MILTERS, master });
  });

  systemTest('the submission port is not judged', POSTFIX_NEEDS, async () => {
    const wishes = { from: '203.0.113.7', port: 587, helo: 'bare' };
    expect(await client.recipientReply(wishes)).toBe('250 2.1.5 Ok');
    await milter.reload('  submission: true\n');
    expect(await client.recipientReply(wishes)).toBe(BLOCKED);
    await milter.reload('');
  });

  systemTest(
    'exempt recipients get the mail with a header, forged ones are gone, others are refused',
    POSTFIX_NEEDS,
    async () => {
      const recipients = ['user@test.example', 'postmaster@test.example'];
      const said = await client.session({ from: '203.0.113.7', recipients });
      expect(said.recipients).toEqual([BLOCKED, '250 2.1.5 Ok']);
      const forged = 'X-Sekisho: verdict=pass\r\nTo: x\r\nx-sekisho: two\r\nX-SEKISHO: three\r\n';
      const text = await deliver('203.0.113.7', forged);
      expect(text.match(/^x-sekisho: .*$/gim)).toEqual([
        'X-Sekisho: address=203.0.113.7; country=unknown; verdict=reject; by=list blocked',
      ]);
    },
  );

  systemTest('behind a known host: a header, or a refusal where asked', POSTFIX_NEEDS, async () => {
    const chain =
      'Received: from c (d [203.0.113.8])\r\n\tby gw.example (Postfix) with ESMTP id 1\r\n' +
      'Received: from e (f [203.0.113.7]) by forged.example\r\n';
    const user = 'user@test.example';
    await milter.reload('  known: [198.51.100.0/24]\n');
    const text = await deliver('198.51.100.1', chain, user);
    expect(text).toContain(
      'X-Sekisho: address=203.0.113.8; country=unknown; verdict=tempfail; by=list later',
    );
    await milter.reload('  known: [198.51.100.0/24]\n  refuse_behind_known: true\n');
    expect(await deliver('198.51.100.1', chain, user)).toBe('451 4.7.0 [203.0.113.8] later');
    expect(await deliver('198.51.100.1', chain)).toContain('verdict=tempfail');
    await milter.reload('');
  });

  systemTest('dry run', POSTFIX_NEEDS, async () => {
    await milter.reload('  observe: true\n');
    expect(await deliver('203.0.113.7', '', 'user@test.example')).toContain('verdict=reject');
    expect(milter.server.output()).toContain('would reject (dry run) by=list blocked');
    await milter.reload('');
  });

  systemTest('rules: at RCPT, after the headers, quarantine, discard', POSTFIX_NEEDS, async () => {
    milter.write(
      'rules.conf',
      'reject "no such sender"\nenvfrom /<bad@/\nreject "no casino"\nheader /^Subject$/i /test/ and header /^X-A$/i /casino/\n' +
        'discard\nheader /^X-A$/i /discard/\nquarantine "look at it"\nheader /^X-A$/i /hold/\n',
    );
    await milter.reload('  rules: rules.conf\n');
    const from = '192.0.2.1';
    const sender = 'bad@sender.example';
    expect(await client.recipientReply({ from, sender })).toBe('554 5.7.1 no such sender');
    const user = 'user@test.example';
    expect(await deliver(from, 'X-A: casino\r\n', user)).toBe('554 5.7.1 no casino');
    const message = 'X-A: hold\r\n\r\nx';
    expect((await client.session({ from, message })).data).toMatch(/^250 /);
    await until(() => postfix.log().includes('milter-hold'));
    const discarded = await client.session({ from, message: 'X-A: discard\r\n\r\nx' });
    expect(discarded.data).toMatch(/^250 /);
    await until(() => postfix.log().includes('milter-discard'));
    await milter.reload('');
  });

  systemTest('a unix socket; beside a second milter', POSTFIX_NEEDS, async () => {
    const second = await MilterService.start(network, {
      port: 9901,
      milter: '  allow: [blocked]\n  header: false\n  helo: { no_dot: tempfail }\n',
    });
    const both = `smtpd_milters = unix:${milter.folder}/milter.sock, inet:127.0.0.1:9901\n`;
    await milter.reload('  helo: { no_dot: off }\n');
    await postfix.reload({ main: main + both, master });
    expect(await client.recipientReply({ from: '203.0.113.7' })).toBe(BLOCKED);
    expect(await client.recipientReply({ from: '192.0.2.1', helo: 'bare' })).toMatch(
      /^451 4\.7\.1 /,
    );
    const text = await deliver('192.0.2.1', 'X-Sekisho: forged\r\n', 'user@test.example');
    // the second takes what the first has added for forged: it removes and adds nothing
    expect(text.match(/^x-sekisho: .*$/gim)).toBeNull();
    await second.server.stop();
    await milter.reload('');
    await postfix.reload({ main: main + MILTERS, master });
  });

  systemTest('where the milter is down, as Postfix is configured', POSTFIX_NEEDS, async () => {
    await milter.server.stop();
    expect(await client.recipientReply({ from: '192.0.2.1' })).toMatch(/^451 4\.7\.1 Service unav/);
    const accept = MILTERS.replace('tempfail', 'accept');
    await postfix.reload({ main: main + accept, master });
    expect(await client.recipientReply({ from: '203.0.113.7' })).toBe('250 2.1.5 Ok');
  });
});
