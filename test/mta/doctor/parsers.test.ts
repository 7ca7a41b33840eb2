import { describe, expect, test } from 'vitest';

import { matchesCode } from '../../../src/mta/doctor/code-pattern.js';
import { parseSocketTable } from '../../../src/mta/doctor/look/port-holders.js';
import { parseResolvConf } from '../../../src/mta/doctor/look/resolv-conf.js';
import { dnslistsUses } from '../../../src/mta/doctor/server/exim-dnslists.js';
import {
  parseParameters,
  parseServices,
  postscreenUses,
  restrictionUses,
} from '../../../src/mta/doctor/server/postfix-restrictions.js';
import { rblsmtpdUses } from '../../../src/mta/doctor/server/rblsmtpd-words.js';
import { rblUses } from '../../../src/mta/doctor/server/rspamd-rbls.js';
import { lookupUses, parseVerdict } from '../../../src/mta/doctor/server/sendmail-rules.js';
import { ruleUses } from '../../../src/mta/doctor/server/spamassassin-rules.js';
import { keyHider } from '../../../src/mta/doctor/zones.js';
import { BL, COUNTRIES, KEYED, LOADED, OLD } from './zones.js';

test('zones of the configuration, and their test entries', () => {
  expect(BL).toMatchObject({ shown: 'bl.example.net', testCode: '127.0.0.2', hasText: true });
  expect([...BL.codes.keys()]).toEqual(['127.0.0.4', '127.0.0.2']);
  expect(KEYED).toMatchObject({ shown: 'KEY.keyed.example.net', testCode: '127.0.0.4' });
  expect(KEYED.hosts).toEqual(['abcdefgh.keyed.example.net', 'abcdefghij.keyed.example.net']);
  expect(COUNTRIES).toMatchObject({ testCode: '127.0.0.2', hasText: true });
  expect(OLD).toMatchObject({ testCode: undefined, hasText: undefined });
  const hide = keyHider(LOADED.config);
  expect(hide('ABCDEFGHIJ.keyed and abcdefgh.keyed')).toBe('KEY.keyed and KEY.keyed');
});

test.each([
  ['127.0.0.2', '127.0.0.2', true],
  ['127.0.0.2', '127.0.0.22', false],
  ['127.0.0.[2;4..6]', '127.0.0.5', true],
  ['127.0.0.[2;4..6]', '127.0.0.3', false],
  ['127.0.[0..1].2', '127.0.1.2', true],
  ['127.0.0.0/24', '127.0.0.9', true],
  ['127.0.0.0/24', '127.0.1.9', false],
  ['&0.0.0.6', '127.0.0.4', true],
  ['&0.0.0.6', '127.0.0.8', false],
])('%s and %s: %s', (pattern, code, expected) => {
  expect(matchesCode(pattern, code)).toBe(expected);
});

test('resolv.conf', () => {
  const text =
    '# nameserver 192.0.2.9\n;x\n nameserver\t192.0.2.1\nnameserver fe80::1%eth0 # ours\n';
  expect(parseResolvConf(text)).toEqual(['192.0.2.1', 'fe80::1%eth0']);
  expect(parseResolvConf('nameserver a\n'.repeat(5))).toHaveLength(3);
  expect(parseResolvConf('search example.net\n')).toEqual(['127.0.0.1']);
});

test('tables of sockets', () => {
  const text = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  291: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 15791 2 0000000000000000 0
  292: 00000000000000000000000001000000:14B4 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  100        0 99 2 0000000000000000 0
`;
  expect(parseSocketTable(text)).toEqual([
    { address: '127.0.0.1', port: 53, inode: '15791' },
    { address: '::1', port: 5300, inode: '99' },
  ]);
});

describe('Postfix', () => {
  test('restrictions', () => {
    const uses = restrictionUses(
      parseParameters(
        'smtpd_recipient_restrictions = permit_mynetworks, permit_dnswl_client wl.example=127.0.0.2,warn_if_reject reject_rbl_client BL.example.\n' +
          'smtp/inet/smtpd_client_restrictions = reject_rbl_client bl.example=127.0.0.[2;4]\nempty =\n',
      ),
    );
    expect(uses).toMatchObject([
      { host: 'wl.example', codes: ['127.0.0.2'], effect: 'pass' },
      { host: 'bl.example', codes: undefined, effect: 'log', key: 'BL.example.' },
      { host: 'bl.example', codes: ['127.0.0.[2;4]'], effect: 'refuse' },
    ]);
    expect(uses[2]?.place).toBe('smtp/inet/smtpd_client_restrictions');
  });

  test('postscreen', () => {
    const sites = 'postscreen_dnsbl_sites = bl.example=127.0.0.2*3, wl.example*-4 plain.example\n';
    const parse = (action: string) =>
      postscreenUses(parseParameters(`${sites}postscreen_dnsbl_action = ${action}\n`));
    expect(parse('enforce')).toMatchObject([
      { host: 'bl.example', codes: ['127.0.0.2'], effect: 'refuse' },
      { host: 'wl.example', codes: undefined, effect: 'pass' },
      { host: 'plain.example', effect: 'refuse' },
    ]);
    expect(parse('ignore').map(({ effect }) => effect)).toEqual(['log', 'pass', 'log']);
    expect(postscreenUses(new Map())).toEqual([]);
  });

  test('services, and what - means', () => {
    const text = 'smtp inet n - - - - smtpd -o a=b\npickup unix n - y 60 1 pickup\n\n';
    expect(parseServices(text, false).map(({ isChrooted }) => isChrooted)).toEqual([false, true]);
    expect(parseServices(text, true).map(({ command }) => command)).toEqual(['smtpd', 'pickup']);
    expect(parseServices(text, true)[0]?.isChrooted).toBe(true);
  });
});

test('Exim', () => {
  const config = `acl_check_rcpt:
  accept hosts = :
  deny dnslists = bl.example=127.0.0.2,127.0.0.3 : \\
       two.example,three.example&0.0.0.6 : plain.example/$sender_address_domain
  warn
    message = dnslists are asked
    !dnslists = wl.example.
  defer dnslists = <; bl.example==127.0.0.4 ; other.example
`;
  expect(
    dnslistsUses(config).map(({ host, codes, effect }) => [host, codes?.join() ?? '*', effect]),
  ).toEqual([
    ['bl.example', '127.0.0.2,127.0.0.3', 'refuse'],
    ['two.example', '&0.0.0.6', 'refuse'],
    ['three.example', '&0.0.0.6', 'refuse'],
    ['plain.example', '*', 'refuse'],
    ['wl.example', '*', 'pass'],
    ['bl.example', '127.0.0.4', 'refuse'],
    ['other.example', '*', 'refuse'],
  ]);
});

test('sendmail', () => {
  const cf = [
    'R$-.$-.$-.$-\t\t$: <?> $(ednsbl $4.$3.$2.$1.bl.example. $: OK $)',
    'R<?>OK\t\t\t$: OKSOFAR',
    'R<?>$+<TMP>\t\t$#error $@ 4.4.3 $: "451 later"',
    'R<?>127.0.0.2.\t$#error $@ 5.7.1 $: "550 5.7.1 no"',
    'R<?>127.0.0.3.\t$#error $@ 5.7.1 $: "550 5.7.1 no"',
    '',
    'R$-.$-.$-.$-\t\t$: <?> $(dnsbl $4.$3.$2.$1.plain.example. $: OK $)',
    'R<?>OK\t\t\t$: OKSOFAR',
    'R<?>$+\t\t$#error $@ 5.7.1 $: "550 no"',
    'R$-.$-.$-.$-\t\t$: <?> $(sekisho $4.$3.$2.$1.wl.example. $: NO $)',
    'R<?>127.0.0.2.\t\t$#OK',
  ].join('\n');
  const place = 'check_relay';
  expect(lookupUses(cf)).toEqual([
    { place, host: 'bl.example', codes: ['127.0.0.2', '127.0.0.3'], effect: 'refuse' },
    { place, host: 'plain.example', codes: undefined, effect: 'refuse' },
    { place, host: 'wl.example', codes: ['127.0.0.2'], effect: 'pass' },
  ]);
  const said =
    '> > Basic_check_rela   input: x $| 127 . 0 . 0 . 2\nBasic_check_rela returns: $# error $@ 5 . 7 . 1 $: "550 5.7.1 refused " 127 . 0 . 0 . 2\n> ';
  expect(parseVerdict(said)).toEqual({ effect: 'refuse', reply: '550 5.7.1 refused 127.0.0.2' });
  expect(parseVerdict('check returns: OKSOFAR\n')).toMatchObject({ effect: 'pass' });
});

test('rspamd', () => {
  const rbls = {
    one: { rbl: 'bl.example', unknown: false, returncodes: { A: ['127.0.0.2'], B: '127.0.0.4' } },
    two: { rbl: 'plain.example' },
    three: { rbl: 'unknown.example', unknown: true, returncodes: { A: '127.0.0.2' } },
    four: { rbl: 'off.example', enabled: false },
  };
  for (const dump of [{ rbls }, { rbl: { rbls } }]) {
    expect(rblUses(JSON.stringify(dump)).map(({ host, codes }) => [host, codes])).toEqual([
      ['bl.example', ['127.0.0.2', '127.0.0.4']],
      ['plain.example', undefined],
      ['unknown.example', undefined],
    ]);
  }
  expect(() => rblUses('rbls {')).toThrow('printed no JSON');
});

test('SpamAssassin', () => {
  const text = `header __A eval:check_rbl('a-lastexternal', 'bl.example.')
header A2 eval:check_rbl_sub('a-lastexternal', '127.0.0.2')
# header B eval:check_rbl('b', 'off.example')
header C eval:check_rbl("c", "scored.example")
`;
  expect(ruleUses(text).map(({ host, codes }) => [host, codes])).toEqual([
    ['bl.example', ['127.0.0.2']],
    ['scored.example', undefined],
  ]);
});

test('rblsmtpd', () => {
  const script = `#!/bin/sh
# rblsmtpd -r no.example
exec tcpserver -r 0 smtp \\
  /usr/bin/rblsmtpd -b -a wl.example -r 'bl.example:text' \\
  rblsmtpd -r later.example \\
  qmail-smtpd -r else.example
`;
  const found = rblsmtpdUses('run', script);
  expect(found.map(({ host, effect, isForGood }) => [host, effect, isForGood])).toEqual([
    ['wl.example', 'pass', true],
    ['bl.example', 'refuse', true],
    ['later.example', 'refuse', false],
  ]);
});
