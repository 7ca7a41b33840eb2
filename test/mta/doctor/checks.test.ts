import { describe, expect, test } from 'vitest';

import { checkChroot } from '../../../src/mta/doctor/check/chroot.js';
import { checkKeys } from '../../../src/mta/doctor/check/keys.js';
import { checkLibrary } from '../../../src/mta/doctor/check/library.js';
import { checkOutcomes } from '../../../src/mta/doctor/check/outcome.js';
import { checkPublicResolvers } from '../../../src/mta/doctor/check/public-resolver.js';
import { type ResolverFacts, checkResolver } from '../../../src/mta/doctor/check/resolver.js';
import { checkService } from '../../../src/mta/doctor/check/service.js';
import { checkZoneUse } from '../../../src/mta/doctor/check/zone-use.js';
import type { Reply } from '../../../src/mta/doctor/look/ask.js';
import type { Finding } from '../../../src/mta/doctor/finding.js';
import type { PortHolder } from '../../../src/mta/doctor/look/port-holders.js';
import type {
  MailServerFacts,
  Outcome,
  ZoneUse,
} from '../../../src/mta/doctor/server/mail-server.js';
import { postfix } from '../../../src/mta/doctor/server/postfix.js';
import { qmail } from '../../../src/mta/doctor/server/qmail.js';
import {
  BL,
  COUNTRIES,
  KEYED,
  OLD,
  allAnswers,
  answers,
  empty,
  noSuchName,
  rcode,
  silent,
  told,
} from './zones.js';

const DNSBL = { address: '127.0.0.1', port: 5300 };
const names = (findings: readonly Finding[]): string[] => findings.map(({ name }) => name);

describe('the DNSBL itself', () => {
  const check = (reply: Parameters<typeof allAnswers>[0], holders: PortHolder[] = []): Finding[] =>
    checkService({ at: DNSBL, zone: BL, answers: allAnswers(reply), holders });
  const holder = { address: '0.0.0.0', port: 5300, program: 'dnsmasq', isOurs: false };

  test.each([
    ['dnsbl-good', told('127.0.0.2')],
    ['dnsbl-silent', silent],
    ['dnsbl-refuses', rcode('REFUSED')],
    ['dnsbl-wrong', rcode('SERVFAIL')],
    ['dnsbl-wrong', told('127.0.0.9')],
    ['dnsbl-wrong', noSuchName],
  ])('%s', (name, reply) => {
    expect(names(check(reply))).toEqual([name]);
  });

  test('a port that somebody else has, on this address or on all', () => {
    expect(check(rcode('REFUSED'), [holder])[0]?.text).toContain('dnsmasq has that port');
    expect(names(check(silent, [{ ...holder, address: '127.0.0.2' }]))).toEqual(['dnsbl-silent']);
    expect(names(check(silent, [{ ...holder, port: 53 }]))).toEqual(['dnsbl-silent']);
    const ours = { ...holder, program: 'node', isOurs: true };
    expect(names(check(silent, [holder, ours]))).toEqual(['dnsbl-silent']);
    expect(names(check(told('127.0.0.2'), [holder]))).toEqual(['dnsbl-good']);
  });
});

describe('a resolver', () => {
  const facts = (more: Partial<ResolverFacts>): ResolverFacts => ({
    file: '/etc/resolv.conf',
    signs: { address: '127.0.0.1', version: 'unbound 1.17.1' },
    isPortHeld: true,
    zone: BL,
    answers: answers(),
    direct: answers(),
    dnsbl: DNSBL,
    ...more,
  });
  const check = (more: Partial<ResolverFacts>): Finding[] => checkResolver(facts(more));

  test.each<[string[], Partial<ResolverFacts>]>([
    [['resolver-good'], {}],
    [['stripped'], { answers: answers({ test: empty }) }],
    // dnsmasq before 2.80 told REFUSED
    [['stripped'], { answers: answers({ test: rcode('REFUSED') }) }],
    [['not-forwarded'], { answers: allAnswers(noSuchName) }],
    [['nothing-to-forward'], { answers: allAnswers(rcode('SERVFAIL')), direct: undefined }],
    [['not-forwarded'], { answers: allAnswers(silent) }],
    [['nothing-to-forward'], { answers: allAnswers(silent), direct: allAnswers(silent) }],
    [
      ['dnssec-fails'],
      { answers: { ...allAnswers(rcode('SERVFAIL')), unvalidated: told('127.0.0.2') } },
    ],
    [['not-forwarded', 'everything-listed'], { answers: allAnswers(told('198.51.100.1')) }],
    [['everything-listed'], { answers: answers({ never: told('127.0.0.2') }) }],
    [['not-nxdomain'], { answers: answers({ never: empty }) }],
    [['txt-missing'], { answers: answers({ text: empty }) }],
    [['ipv6-missing'], { answers: answers({ test6: noSuchName }) }],
    [
      ['resolver-good', 'negative-ttl-long'],
      { answers: answers({ never: { ...noSuchName, negativeTtlSeconds: 3600 } }) },
    ],
  ])('%j', (expected, more) => {
    expect(names(check(more))).toEqual(expected);
  });

  test('nobody there: on this host, or elsewhere', () => {
    const gone = { answers: allAnswers(silent), isPortHeld: false };
    expect(names(check({ ...gone, signs: { address: '127.0.0.1' } }))).toEqual([
      'nobody-at-port-53',
    ]);
    expect(names(check({ ...gone, signs: { address: '192.0.2.53' } }))).toEqual([
      'resolver-silent',
    ]);
  });

  test('a zone without texts and one of others’ files expect less', () => {
    const keyed = answers({ test: told('127.0.0.4'), test6: told('127.0.0.4'), text: empty });
    expect(names(check({ zone: KEYED, answers: keyed }))).toEqual(['resolver-good']);
    const old = answers({ test: told('127.0.0.9'), test6: noSuchName, text: empty });
    expect(names(check({ zone: OLD, answers: old }))).toEqual(['resolver-good']);
    // public lists signal errors with it
    const error = answers({ test: told('127.255.255.254') });
    expect(names(check({ zone: OLD, answers: error }))).toEqual(['not-forwarded']);
  });

  test.each([
    ['unbound 1.17.1', 'private-domain: "bl.example.net"'],
    ['dnsmasq-2.90', 'rebind-domain-ok=/bl.example.net/'],
    ['9.18.28-1~deb12u2-Debian', 'except-from { "bl.example.net"; }'],
    ['something', 'private-domain: "bl.example.net"; with dnsmasq'],
  ])('the cure for %s', (version, cure) => {
    const [found] = check({
      signs: { address: '127.0.0.1', version },
      answers: answers({ test: empty }),
    });
    expect(found?.cure).toContain(cure);
  });

  test('systemd-resolved is known by its address', () => {
    const [found] = check({
      signs: { address: '127.0.0.53' },
      answers: allAnswers(noSuchName),
    });
    expect(found?.text).toContain('resolver 127.0.0.53 (systemd-resolved)');
    expect(found?.cure).toContain("resolvectl domain dnsbl0 '~bl.example.net'");
  });
});

test('public resolvers, also behind systemd-resolved', () => {
  const found = checkPublicResolvers({
    file: '/etc/resolv.conf',
    servers: ['127.0.0.53', '2001:4860:4860:0::8888', 'fe80::1%eth0'],
    upstreams: ['1.1.1.1', '192.168.0.1'],
  });
  expect(found.map(({ text }) => text.slice(0, 52))).toEqual([
    expect.stringContaining('/etc/resolv.conf names 2001:4860:4860:0::8888'),
    expect.stringContaining('systemd-resolved names 1.1.1.1 (Cloudflare)'),
  ]);
});

test('a library that asks another resolver', () => {
  const resolvers = {
    file: '/etc/resolv.conf',
    servers: ['192.0.2.1', '127.0.0.1'],
    upstreams: [],
  };
  const check = (reply: typeof empty, isRightSomewhere = true): string[] =>
    names(checkLibrary({ resolvers, zone: BL, reply, isRightSomewhere }));
  expect(check(noSuchName)).toEqual(['resolvers-differ']);
  expect(check(noSuchName, false)).toEqual([]);
  expect(check(told('127.0.0.2'))).toEqual([]);
});

test('a chroot matters where something in it asks', () => {
  const check = (text: string | undefined, command = 'smtpd', isChrooted = true): string[] =>
    names(
      checkChroot({
        services: [{ name: 'smtp', command, isChrooted }],
        ...{ file: '/var/spool/postfix/etc/resolv.conf', text },
        ...{ systemFile: '/etc/resolv.conf', systemText: 'nameserver 192.0.2.1\n' },
      }),
    );
  expect(check('# new\nnameserver\t192.0.2.1\n')).toEqual([]);
  expect(check('nameserver 192.0.2.2\n')).toEqual(['chroot-resolver']);
  expect(check(undefined)).toEqual(['chroot-no-resolver']);
  expect(check(undefined, 'qmgr')).toEqual([]);
  expect(check(undefined, 'smtpd', false)).toEqual([]);
});

describe('mail servers', () => {
  const use = (host: string, more: Partial<ZoneUse> = {}): ZoneUse => ({
    ...{ place: 'here', host, codes: ['127.0.0.[2;4]'], effect: 'refuse' },
    ...more,
  });
  const server = (uses: readonly ZoneUse[], outcomes: readonly Outcome[] = []) => ({
    server: postfix,
    facts: {
      title: 'Postfix 3',
      place: 'main.cf',
      uses,
      outcomes,
      findings: [],
    } as MailServerFacts,
  });

  test('a zone that no mail server has; one of countries need not be there', () => {
    const zones = [BL, COUNTRIES];
    expect(names(checkZoneUse(zones, [server([])]))).toEqual(['zone-missing']);
    expect(names(checkZoneUse(zones, [server([]), server([use('bl.example.net')])]))).toEqual([
      'zone-used',
    ]);
    expect(checkZoneUse(zones, [])).toEqual([]);
  });

  test('filters', () => {
    const open = use('bl.example.net', { codes: undefined });
    const [found] = checkZoneUse([BL], [server([open])]);
    expect(found?.name).toBe('filter-missing');
    expect(found?.cure).toContain('bl.example.net=127.0.0.4 and bl.example.net=127.0.0.2');
    expect(names(checkZoneUse([BL], [{ ...server([open]), server: qmail }]))).toEqual([
      'zone-used',
    ]);
    const half = use('bl.example.net', { codes: ['127.0.0.2'] });
    expect(names(checkZoneUse([BL], [server([half])]))).toEqual(['zone-used', 'codes-unused']);
  });

  test('postscreen has no code for now: temporary lists pass it by design, others by mistake', () => {
    const screen = (...codes: string[]): ZoneUse =>
      use('bl.example.net', { codes, isForGoodOnly: true });
    const [, told4] = checkZoneUse([BL], [server([screen('127.0.0.2')])]);
    expect(told4).toMatchObject({ name: 'codes-for-good', severity: 'info' });
    expect(names(checkZoneUse([BL], [server([screen('127.0.0.4')])]))).toEqual([
      'zone-used',
      'codes-unused',
    ]);
    const smtpd = use('bl.example.net', { codes: ['127.0.0.2'] });
    expect(names(checkZoneUse([BL], [server([screen('127.0.0.2'), smtpd])]))).toContain(
      'codes-unused',
    );
  });

  test('each key is asked about', () => {
    const right = told('127.0.0.4');
    const keyed = { test: right, test6: right, text: empty };
    const check = (...furtherKeys: Reply[]): Finding[] =>
      checkKeys('resolver 127.0.0.1', KEYED, answers({ ...keyed, furtherKeys }));
    expect(check(right)).toEqual([]);
    const [found] = check(noSuchName);
    expect(found).toMatchObject({ name: 'key-unanswered', severity: 'failure' });
    expect(found?.text).toContain('NXDOMAIN for the test entry below key number 2');
    // where nothing is right, that is told once
    const wrong = answers({ ...keyed, test: noSuchName, furtherKeys: [noSuchName] });
    expect(checkKeys('resolver 127.0.0.1', KEYED, wrong)).toEqual([]);
  });

  test('a zone of countries as a list refuses everybody', () => {
    const all = use('cc.example.net', { codes: undefined });
    expect(names(checkZoneUse([COUNTRIES], [server([all])]))).toEqual(['country-zone-as-list']);
    const one = use('cc.example.net', { codes: ['127.0.3.72'] });
    expect(names(checkZoneUse([COUNTRIES], [server([one])]))).toEqual(['zone-used']);
  });

  test('what they would do; a key in a reply', () => {
    const outcome = (effect: Outcome['effect'], reply = '550 no'): Outcome => ({
      ...{ host: 'abcdefghij.keyed.example.net', code: '127.0.0.4', asked: 'somehow' },
      ...{ effect, reply },
    });
    const check = (one: Outcome, uses: ZoneUse[] = []): string[] =>
      names(checkOutcomes([KEYED], server(uses, [one])));
    expect(check(outcome('refuse'))).toEqual(['would-refuse']);
    expect(check(outcome('log'))).toEqual(['would-log']);
    expect(check(outcome('pass'))).toEqual(['would-pass']);
    const approving = use('abcdefghij.keyed.example.net', { effect: 'pass' });
    expect(check(outcome('pass'), [approving])).toEqual(['would-approve']);
    const other = { ...BL, shown: 'wl.example.net', hosts: ['wl.example.net'], isApproved: true };
    const both = (uses: ZoneUse[]): string[] =>
      names(checkOutcomes([KEYED, other], server(uses, [outcome('pass')])));
    expect(both([use('wl.example.net', { effect: 'pass' })])).toEqual(['not-checked']);
    expect(both([])).toEqual(['would-pass']);
    const telling = '550 blocked using ABCDEFGHIJ.keyed.example.net';
    expect(check(outcome('refuse', telling))).toEqual(['would-refuse', 'key-in-reply']);
  });
});
