import { describe, expect, test } from 'vitest';

import { COMMAND, STEP } from '../../../src/mta/milter/wire/protocol.js';
import {
  SessionUnderTest,
  addresses,
  milterSettings,
  rules,
} from '../../helpers/milter-settings.js';

const BLOCKED = '550 5.7.1 Blocked: [203.0.113.7] is on list blocked';
const DEFERRED = '450 4.7.1 [203.0.113.8] of CN, later 100%';

const ask = (talk: Parameters<SessionUnderTest['run']>[0], changes = {}) =>
  new SessionUnderTest(milterSettings(changes)).run(talk);

describe('lists', () => {
  test.each([
    ['203.0.113.7', BLOCKED],
    ['203.0.113.8', DEFERRED],
    ['192.0.2.1', 'continue'],
    ['::ffff:203.0.113.7', BLOCKED],
    ['2001:db8:bad::7', '550 5.7.1 Blocked: [2001:db8:bad::7] is on list blocked'],
    ['IPv6:2001:db8:bad:0:0:0:0:7', '550 5.7.1 Blocked: [2001:db8:bad::7] is on list blocked'],
    ['10.0.0.66', '550 5.7.1 Blocked: [10.0.0.66] is on list blocked'],
    ['203.0.113.99', 'continue'],
    ['nonsense', 'continue'],
    ['', 'continue'],
  ])('%s is answered %s at RCPT', (client, reply) => {
    expect(ask({ client }).recipients).toEqual([reply]);
  });

  test('an allowed client is never refused, whatever list or HELO', () => {
    const allow = addresses('203.0.113.7');
    const { recipients, end } = ask({ client: '203.0.113.7', helo: 'bare' }, { allow });
    expect(recipients).toEqual(['continue']);
    expect(end[0]).toContain('verdict=allowed');
  });

  test('exempt recipients stay exempt, others of the message do not', () => {
    const recipients = [
      '<user@test.example>',
      '<postmaster@test.example>',
      '<PostMaster>',
      '<abuse@other.example>',
      '<help@test.example>',
      '<any@open.example> NOTIFY=NEVER',
      '<postmaster.x@test.example>',
    ];
    const said = ask({ client: '203.0.113.7', recipients });
    const pass = 'continue';
    expect(said.recipients).toEqual([BLOCKED, pass, pass, pass, pass, pass, BLOCKED]);
    expect(said.endOfHeaders).toBe('continue');
    expect(said.end).toEqual([
      'add X-Sekisho: address=203.0.113.7; country=unknown; verdict=reject; by=list blocked',
      'continue',
    ]);
  });

  test('nothing is answered before RCPT where the mail server does not wait for it', () => {
    const session = new SessionUnderTest();
    expect(session.tell({ type: 'connect', host: 'x', address: '203.0.113.7' })).toEqual([]);
    expect(session.tell({ type: 'helo', name: 'bare' })).toEqual([]);
    expect(session.tell({ type: 'mail', sender: '<>' })).toEqual([]);
    expect(session.tell({ type: 'header', name: 'A', value: 'b' })).toEqual([]);
  });

  test('and continue where it does', () => {
    const session = new SessionUnderTest();
    session.tell({ type: 'negotiate', version: 2, actions: 0x1f, steps: 0x7f });
    for (const event of [
      { type: 'connect', host: 'x', address: '203.0.113.7' },
      { type: 'helo', name: 'bare' },
      { type: 'mail', sender: '<>' },
      { type: 'header', name: 'A', value: 'b' },
      { type: 'data' },
      { type: 'unknown' },
      { type: 'body' },
    ] as const) {
      expect(session.tell(event)).toEqual(['continue']);
    }
  });
});

test('options: the lower version, what is needed of what is offered, macros with the port', () => {
  const { session } = new SessionUnderTest();
  const offer = { type: 'negotiate', version: 6, actions: 0x1ff, steps: 0x1fffff } as const;
  expect(session.handle(offer)).toEqual([
    {
      type: 'negotiate',
      version: 6,
      actions: 0x131,
      steps: 0x310 | 0x7000 | STEP.noReplyToHeader,
      macros: { stage: 0, names: expect.stringContaining('{daemon_port}') as string },
    },
  ]);
  expect(session.handle({ ...offer, version: 2, actions: 0x1f, steps: 0x7f })).toEqual([
    { type: 'negotiate', version: 2, actions: 0x11, steps: 0x10 },
  ]);
});

describe('HELO', () => {
  const OWN = '451 4.7.1 that is me';
  test.each([
    ['localhost', '554 5.7.1 no dot in localhost'],
    ['a.', '554 5.7.1 no dot in a.'],
    ['', '554 5.7.1 no dot in '],
    ['[nonsense]', '554 5.7.1 no dot in [nonsense]'],
    ['client.example', 'continue'],
    ['[192.0.2.1]', 'continue'],
    ['[IPv6:2001:db8::1]', 'continue'],
    ['[tag:content]', 'continue'],
    ['2001:db8::1', 'continue'],
    ['192.0.2.1', 'continue'],
    ['mx.test.example', OWN],
    ['MX.Test.Example.', OWN],
    ['mx2.test.example', OWN],
    ['[192.0.2.25]', OWN],
    ['192.0.2.25', OWN],
    ['[IPv6:2001:db8::25]', OWN],
    ['[IPv6:2001:db8:0:0:0:0:0:25]', OWN],
    ['[127.0.0.1]', OWN],
  ])('%s is answered %s', (helo, reply) => {
    expect(ask({ helo }).recipients).toEqual([reply]);
  });

  test.each(['127.0.0.1', '::1', '10.1.2.3', '192.168.7.7', 'fd00::1', '203.0.113.99', ''])(
    'is not judged of %s',
    (client) => {
      for (const helo of ['bare', 'mx.test.example', '[192.0.2.25]']) {
        expect(ask({ client, helo }).recipients).toEqual(['continue']);
      }
    },
  );

  test('is not judged of known hosts, nor of who has authenticated', () => {
    expect(ask({ client: '198.51.100.1', helo: 'bare' }).recipients).toEqual(['continue']);
    const mailMacros = { auth_authen: 'user' };
    expect(ask({ helo: 'bare', mailMacros }).recipients).toEqual(['continue']);
  });

  test('another HELO takes the place of the first, and does not count twice', () => {
    const session = new SessionUnderTest();
    session.connect({ helo: 'bare' });
    session.connect({ helo: 'bare' });
    session.tell({ type: 'helo', name: 'bare' });
    expect(session.counters.checks.helo_no_dot.found).toBe(2);
    session.tell({ type: 'helo', name: 'client.example' });
    expect(session.message({}).recipients).toEqual(['continue']);
  });

  test('checks can be off', () => {
    const helo = { names: new Set(['mx.test.example']), addresses: addresses() };
    expect(ask({ helo: 'bare' }, { helo }).recipients).toEqual(['continue']);
    expect(ask({ helo: 'mx.test.example' }, { helo }).recipients).toEqual(['continue']);
  });
});

describe('own users', () => {
  const client = '203.0.113.7';

  test('who has authenticated is not judged, and no header tells where he was', () => {
    const said = ask({ client, mailMacros: { auth_authen: 'user' } });
    expect(said).toEqual({ recipients: ['continue'], endOfHeaders: 'continue', end: ['continue'] });
  });

  test('an empty name is nobody’s', () => {
    expect(ask({ client, mailMacros: { auth_authen: '' } }).recipients).toEqual([BLOCKED]);
  });

  test('one message with authentication does not speak for the next', () => {
    const session = new SessionUnderTest();
    const first = session.run({ client, mailMacros: { auth_authen: 'user' } });
    expect(first.recipients).toEqual(['continue']);
    session.tell({ type: 'mail', sender: '<x@sender.example>' });
    const second = session.tell({ type: 'recipient', recipient: '<user@test.example>' });
    expect(second).toEqual([BLOCKED]);
  });

  test.each([{ daemon_port: '587' }, { daemon_port: '465' }, { daemon_name: 'MSA' }])(
    'submission (%j) is not judged unless asked',
    (connectMacros) => {
      const talk = { client, helo: 'bare', connectMacros };
      expect(ask(talk).recipients).toEqual(['continue']);
      expect(ask(talk).end).toEqual(['continue']);
      expect(ask(talk, { judgesSubmission: true }).recipients).toEqual([BLOCKED]);
    },
  );

  test('port 25 is', () => {
    expect(ask({ client, connectMacros: { daemon_port: '25' } }).recipients).toEqual([BLOCKED]);
  });
});

describe('header', () => {
  test('tells country and verdict of strangers', () => {
    expect(ask({}).end).toEqual([
      'add X-Sekisho: address=192.0.2.1; country=unknown; verdict=pass',
      'continue',
    ]);
    expect(ask({}, { addsHeader: false }).end).toEqual(['continue']);
  });

  test('those that come with a message are removed first, the last first', () => {
    const headers = [
      ['X-Sekisho', 'verdict=pass'],
      ['Subject', 'x'],
      ['x-sekisho', 'more'],
    ] as const;
    expect(ask({ headers }).end.slice(0, 2)).toEqual(['remove X-Sekisho 2', 'remove X-Sekisho 1']);
    // of own users too
    expect(ask({ headers, client: '' }).end).toEqual([
      'remove X-Sekisho 2',
      'remove X-Sekisho 1',
      'continue',
    ]);
  });

  test('a message with more than are taken out is refused, for exempt recipients too', () => {
    const forged = (count: number): [string, string][] =>
      Array.from({ length: count }, () => ['X-Sekisho', 'verdict=pass']);
    const recipients = ['<postmaster@mx.example>'];
    expect(ask({ headers: forged(500), recipients })).toMatchObject({ endOfHeaders: 'continue' });
    const many = ask({ headers: forged(501), recipients });
    expect(many.endOfHeaders).toBe('554 5.6.0 Too many X-Sekisho headers');
    const { endOfHeaders } = ask({ headers: forged(501) }, { isDryRun: true });
    expect(endOfHeaders).toBe('continue');
  });

  test('not where the mail server takes no changes', () => {
    const session = new SessionUnderTest();
    session.tell({ type: 'negotiate', version: 6, actions: 0, steps: 0x1fffff });
    expect(session.run({ headers: [['X-Sekisho', 'x']] }).end).toEqual(['continue']);
  });
});

test('dry run: header and log only', () => {
  const session = new SessionUnderTest(milterSettings({ isDryRun: true }));
  const { recipients, end } = session.run({ client: '203.0.113.8' });
  expect(recipients).toEqual(['continue']);
  expect(end[0]).toBe(
    'add X-Sekisho: address=203.0.113.8; country=CN; verdict=tempfail; by=list asia',
  );
  expect(session.lines).toEqual([
    'would tempfail (dry run) by=list asia client=203.0.113.8 country=CN helo=client.example ' +
      'from=<sender@sender.example> to=<user@test.example> ' +
      `reply="${DEFERRED}"`,
  ]);
  expect(session.counters.lists['asia']).toMatchObject({ found: 1, passed: 1, tempfailed: 0 });
});

describe('behind known hosts', () => {
  const client = '198.51.100.1';
  const chain = (...addressTexts: string[]) =>
    addressTexts.map(
      (text) => ['Received', `from x (y [${text}])\n\tby gw.example (Postfix) with ESMTP`] as const,
    );

  test('a header tells of the first in the chain that is not known', () => {
    const headers = chain('198.51.100.9', '203.0.113.8', '203.0.113.7');
    const said = ask({ client, headers });
    expect(said.recipients).toEqual(['continue']);
    expect(said.endOfHeaders).toBe('continue');
    expect(said.end).toEqual([
      'add X-Sekisho: address=203.0.113.8; country=CN; verdict=tempfail; by=list asia',
      'continue',
    ]);
  });

  test('refusing is opt-in, comes after the headers, and not for exempt recipients', () => {
    const talk = { client, headers: chain('IPv6:2001:db8:bad::7') };
    const asked = { refusesBehindKnown: true };
    const reply = '550 5.7.1 Blocked: [2001:db8:bad::7] is on list blocked';
    expect(ask(talk, asked).endOfHeaders).toBe(reply);
    expect(ask({ ...talk, recipients: ['<postmaster>'] }, asked).endOfHeaders).toBe('continue');
    expect(ask(talk, { ...asked, isDryRun: true }).endOfHeaders).toBe('continue');
  });

  test('an allowed origin passes, a chain without an address has no header', () => {
    const allowed = ask({ client, headers: chain('203.0.113.99') }, { refusesBehindKnown: true });
    expect(allowed.end[0]).toContain('verdict=allowed');
    const local = ask({
      client,
      headers: [['Received', 'by gw.example (Postfix, from userid 0)']],
    });
    expect(local.end).toEqual(['continue']);
  });

  test('who is not known himself is judged by his own address', () => {
    const said = ask({ client: '192.0.2.1', headers: chain('203.0.113.7') });
    expect(said.end[0]).toContain('address=192.0.2.1; country=unknown; verdict=pass');
  });
});

describe('rules', () => {
  const ruled = (text: string) => ({ rules: rules(text) });

  test('what is found at connect, helo and envfrom is answered at RCPT', () => {
    const recipients = ['<user@test.example>', '<postmaster@test.example>'];
    for (const text of [
      'reject "no" connect /client/ /192\\.0\\.2\\.1/',
      'reject "no" helo /^client\\.example$/',
      'reject "no" envfrom /sender@/',
      'reject "no" country /^$/ and helo /client/',
    ]) {
      const said = ask({ recipients }, ruled(text));
      expect(said.recipients, text).toEqual(['554 5.7.1 no', 'continue']);
    }
  });

  test('a recipient’s is of that recipient alone', () => {
    const said = ask(
      { recipients: ['<a@test.example>', '<b@test.example>'] },
      ruled('tempfail "not now" envrcpt /<a@/'),
    );
    expect(said.recipients).toEqual(['451 4.7.1 not now', 'continue']);
  });

  test('headers are answered at their end', () => {
    const text = 'reject "550 5.7.0 own code" header /^subject$/i /casino/';
    const headers = [['Subject', ' big casino']] as const;
    expect(ask({ headers }, ruled(text)).endOfHeaders).toBe('550 5.7.0 own code');
    expect(ask({ headers: [['Subject', 'x']] }, ruled(text)).endOfHeaders).toBe('continue');
    const exempt = ask({ headers, recipients: ['<abuse@x>'] }, ruled(text));
    expect(exempt.endOfHeaders).toBe('continue');
    expect(exempt.end[0]).toContain('verdict=reject; by=rule in line 1');
  });

  test('accept goes before lists and what follows', () => {
    const text = 'accept connect /client/ //\nreject "no" helo //';
    const said = ask({ client: '203.0.113.7' }, ruled(text));
    expect(said.recipients).toEqual(['continue']);
    expect(said.end[0]).toContain('verdict=pass; by=rule in line 1');
  });

  test('discard and quarantine', () => {
    expect(ask({}, ruled('discard envfrom /sender/')).endOfHeaders).toBe('discard');
    const held = ask({}, ruled('quarantine "look" header /Subject/ /hello/'));
    expect(held.end.at(-2)).toBe('quarantine look');
    const dry = ask({}, { ...ruled('quarantine "look" helo //'), isDryRun: true });
    expect(dry.end.join()).not.toContain('quarantine');
  });

  test('own users are not judged, a known host only with a header', () => {
    const text = ruled('reject "no" helo /client/');
    expect(ask({ mailMacros: { auth_authen: 'u' } }, text).recipients).toEqual(['continue']);
    expect(ask({ client: '198.51.100.1' }, text).recipients).toEqual(['continue']);
    expect(
      ask({ client: '198.51.100.1' }, { ...text, refusesBehindKnown: true }).recipients,
    ).toEqual(['554 5.7.1 no']);
  });

  test('a rule of one message does not stay for the next', () => {
    const session = new SessionUnderTest(
      milterSettings(ruled('reject "no" envfrom /bad/\nreject "no" header /X/ /bad/')),
    );
    const first = session.run({ sender: '<bad@x.example>' });
    expect(first.recipients).toEqual(['554 5.7.1 no']);
    expect(session.message({ headers: [['X', 'bad']] }).endOfHeaders).toBe('554 5.7.1 no');
    expect(session.message({})).toMatchObject({
      recipients: ['continue'],
      endOfHeaders: 'continue',
    });
  });

  test('macros', () => {
    const text = ruled('accept macro /tls_version/ /TLSv1\\.3/\nreject "plain" envfrom //');
    const plain = new SessionUnderTest(milterSettings(text));
    expect(plain.recipient({})).toBe('554 5.7.1 plain');
    const encrypted = new SessionUnderTest(milterSettings(text));
    encrypted.macros(COMMAND.helo, { tls_version: 'TLSv1.3' });
    expect(encrypted.recipient({})).toBe('continue');
  });
});

describe('failures', () => {
  const broken = milterSettings({
    countryOf: () => {
      throw new Error('the disk is on fire');
    },
  });

  test('mail passes, and the log says so', () => {
    const session = new SessionUnderTest(broken);
    expect(session.run({ client: '203.0.113.7' })).toEqual({
      recipients: ['continue'],
      endOfHeaders: 'continue',
      end: ['continue'],
    });
    expect(session.lines.join()).toMatch(/^a session failed, and its mail passes: .*on fire/);
    expect(session.counters.failures).toBe(1);
  });

  test('or is refused for now, as configured', () => {
    const session = new SessionUnderTest(broken, 'tempfail');
    expect(session.recipient({})).toMatch(/^451 4\.7\.1 /);
  });

  test('the same before there are any lists', () => {
    const open = new SessionUnderTest('none', 'accept');
    expect(open.run({ client: '203.0.113.7' }).recipients).toEqual(['continue']);
    expect(new SessionUnderTest('none', 'tempfail').recipient({})).toMatch(/^451 4\.7\.1 /);
  });

  test('events out of order are answered and change nothing', () => {
    const session = new SessionUnderTest();
    expect(session.tell({ type: 'recipient', recipient: '<a@b>' })).toEqual(['continue']);
    expect(session.tell({ type: 'endOfHeaders' })).toEqual(['continue']);
    expect(session.tell({ type: 'endOfMessage' })).toEqual(['continue']);
    expect(session.tell({ type: 'abort' })).toEqual([]);
    expect(session.tell({ type: 'quitNewConnection' })).toEqual([]);
    expect(session.recipient({ client: '203.0.113.7' })).toBe(BLOCKED);
  });
});

test('what a client says cannot break a line of the log or of a reply', () => {
  const session = new SessionUnderTest();
  const reply = session.recipient({ helo: 'a\r\n250 ok\u001b[31m' });
  expect(reply).toBe('554 5.7.1 no dot in a??250 ok?[31m');
  expect(session.lines.join('\n')).toMatch(/^[\x20-\x7e]+$/);
});

test('counters', () => {
  const session = new SessionUnderTest();
  session.run({ client: '203.0.113.7', recipients: ['<a@b>', '<postmaster>', '<c@d>'] });
  session.run({ helo: 'bare' });
  session.run({ client: '198.51.100.1', headers: [['X-Sekisho', 'x']] });
  expect(session.counters).toMatchObject({
    sessions: 3,
    messages: 3,
    recipients: 5,
    forgedHeaders: 1,
    notJudged: { known: 1 },
    checks: {
      list: { found: 1, rejected: 2, passed: 1 },
      helo_no_dot: { found: 1, rejected: 1 },
    },
    lists: { blocked: { found: 1, rejected: 2, passed: 1 } },
  });
});
