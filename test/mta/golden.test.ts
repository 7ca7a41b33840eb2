import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { parseConfig } from '../../src/config/load.js';
import { PRINTERS, findPrinter } from '../../src/mta/index.js';
import { mailMapAction } from '../../src/mta/map-lines.js';
import { type PrintWishes, mailSettings } from '../../src/mta/settings.js';
import { sekisho } from '../helpers/sekisho.js';

const FOLDER = fileURLToPath(new URL('../golden/mta/', import.meta.url));

const LISTS = `
lists:
  spammers: { file: spammers.txt }
  more: { file: more.txt }
  later: { file: later.txt, action: tempfail }
  trusted: { file: trusted.txt }
exports:
  - { format: mmdb, file: /var/lib/sekisho/countries.mmdb }
mta:
  host_name: mx.example.net
  domains: [example.net, example.org]
  exempt: [postmaster, abuse, sales@example.org]
  known_hosts: [192.0.2.25, '2001:db8:25::/64']
  name_server: 127.0.0.1:5300
`;

const APPROVED = `
    - { name: wl.example.net, approved: true, lists: { trusted: { code: 127.0.0.2, text: ok } } }
    - { name: cc.example.net, kind: country }
`;

const CONFIGS = {
  mixed: `${LISTS}
dnsbl:
  zones:
    - name: bl.example.net
      keys: [customer-17]
      lists:
        spammers: { code: 127.0.0.2, text: 'by hand: $' }
        more: { code: 127.0.0.10, text: 'by hand: $' }
        later: { code: 127.0.1.4, text: 'later: $' }
    - name: old.example.net
      kind: rbldnsd
      datasets: ['ip4set:old.txt']
      codes: { 127.0.0.2: reject }
${APPROVED}`,
  split: `${LISTS}
dnsbl:
  zones:
    - { name: no.example.net, lists: { spammers: { code: 127.0.0.2, text: 'by hand: $' } } }
    - { name: later.example.net, lists: { later: { code: 127.0.0.2, text: 'later: $' } } }
${APPROVED}`,
} as const;

type ConfigName = keyof typeof CONFIGS;

function printed(server: string, config: ConfigName, wishes: PrintWishes): string {
  const settings = mailSettings(parseConfig(CONFIGS[config], 'sekisho.yaml'), wishes);
  const files = findPrinter(server)?.print(settings) ?? [];
  return files.map(({ name, text }) => `==> ${name} <==\n${text}`).join('\n');
}

const CASES: readonly [name: string, ConfigName, PrintWishes][] = [
  ['zones', 'mixed', { isDryRun: false }],
  ['warn-only', 'mixed', { isDryRun: true }],
  ['maps', 'mixed', { isDryRun: false, map: '/etc/sekisho/map' }],
];

describe.each(PRINTERS.map(({ name, map }) => ({ name, map })))('$name', ({ name, map }) => {
  for (const [what, config, wishes] of CASES) {
    if (wishes.map !== undefined && map === undefined) continue;
    if (name === 'qmail' && wishes.isDryRun) continue;
    test(what, () => {
      const text = printed(name, name === 'qmail' ? 'split' : config, wishes);
      const path = `${FOLDER}${name}/${what}`;
      if (process.env['UPDATE_GOLDEN'] === '1') {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
      }
      expect(text).toBe(readFileSync(path, 'utf8'));
    });
  }
});

test('there is no golden file but of these', () => {
  const files = readdirSync(FOLDER).flatMap((name) =>
    readdirSync(FOLDER + name).map((what) => `${name}/${what}`),
  );
  for (const file of files) {
    const [name = '', what] = file.split('/');
    expect(findPrinter(name), file).toBeDefined();
    expect(CASES.map(([one]) => one)).toContain(what);
  }
  expect(existsSync(`${FOLDER}postfix/zones`)).toBe(true);
});

describe('every printer', () => {
  test.each(PRINTERS.map(({ name }) => name))('%s filters codes, asks no country zone', (name) => {
    const config = name === 'qmail' ? 'split' : 'mixed';
    const text = printed(name, config, { isDryRun: false });
    const lines = text.split('\n').filter((line) => !/^\s*(#|dnl)/.test(line));
    expect(lines.join('\n')).not.toContain('cc.example.net');
    expect(lines.join('\n')).toContain('wl.example.net');
  });

  test('writes a list of codes where the last octet differs, and only there', () => {
    const text = printed('postfix', 'mixed', { isDryRun: false });
    expect(text).toContain('reject_rbl_client customer-17.bl.example.net=127.0.0.[2;10],');
    expect(text).toContain('reject_rbl_client customer-17.bl.example.net=127.0.1.4\n');
  });
});

function refusal(config: string, server = 'postfix', isDryRun = false): () => unknown {
  return () =>
    findPrinter(server)?.print(mailSettings(parseConfig(config, 'sekisho.yaml'), { isDryRun }));
}

describe('refuses', () => {
  test('a code that means two things', () => {
    const config = CONFIGS.split.replace(
      'lists: { later: { code',
      'lists: { spammers: { code: 127.0.0.2 }, later: { code',
    );
    expect(refusal(config)).toThrow(
      /sekisho\.yaml:\d+: dnsbl\.zones\.1\.lists\.spammers\S*: found the code 127\.0\.0\.2 for spammers \(reject\) and later \(tempfail\)/,
    );
  });

  test('rblsmtpd with a zone that mixes actions, without a word of its key', () => {
    let message = '';
    try {
      refusal(CONFIGS.mixed, 'qmail')();
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('the zone KEY.bl.example.net mixes actions');
    expect(message).toContain('spammers, more reject, later tempfail');
    expect(message).not.toContain('customer-17');
  });

  test('rblsmtpd with a list that has no text, and in a dry run', () => {
    const config = CONFIGS.split.replace(", text: 'later: $'", '');
    expect(refusal(config, 'qmail')).toThrow(/there is none for later; expected a text/);
    expect(refusal(CONFIGS.split, 'qmail', true)).toThrow(/rblsmtpd has no dry run/);
  });

  test('postscreen where nothing is refused for good', () => {
    const config = CONFIGS.split.replace('spammers: { code', 'later: { code');
    expect(refusal(config, 'postscreen')).toThrow(/every list has the action tempfail/);
  });

  test('a configuration without a zone that refuses', () => {
    expect(refusal(`${LISTS}dnsbl:\n  zones:${APPROVED}`)).toThrow(/no zone below dnsbl\.zones/);
  });

  test.each(['no "quotes"', 'a, comma', '$other', 'back`tick', 'ümlaut', ' space'])(
    'a reply text that some mail server could not hold: %s',
    (text) => {
      const config = `mta: { texts: { reject: ${JSON.stringify(text)} } }`;
      expect(() => parseConfig(config, 'c.yaml')).toThrow(/letters, digits, spaces and/);
    },
  );

  test.each(['x";}', '192.0.2.1-192.0.2.9', '192.0.2.1/24'])(
    'a known host that is no prefix: %s',
    (text) => {
      const config = CONFIGS.split.replace("'2001:db8:25::/64'", JSON.stringify(text));
      expect(refusal(config)).toThrow(/mta\.known_hosts\.1: found .*; expected/);
    },
  );

  test('an unknown mail server, and --maps where there is none', async () => {
    const unknown = await sekisho(['mta', 'print', 'courier']);
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('expected one of postfix, postscreen, sendmail, qmail, exim');
  });
});

test('reasons of a zone with keys whose text names it stay out of replies', () => {
  const told = printed('postfix', 'mixed', { isDryRun: false });
  expect(told).toContain('local policy${rbl_reason?; $rbl_reason}');
  const config = CONFIGS.mixed.replaceAll("'by hand: $'", "'see customer-17.bl.example.net'");
  const settings = mailSettings(parseConfig(config, 'c.yaml'), { isDryRun: false });
  const [secret] = settings.refusals.reject;
  expect(secret).toMatchObject({ isSecret: true, tellsReason: false });
});

test('map actions lose the place of the address', () => {
  const { mta } = parseConfig(CONFIGS.mixed, 'c.yaml').config;
  expect(mailMapAction('postfix-cidr', 'reject', mta)).toBe(
    '550 5.7.1 Client is refused by local policy',
  );
  expect(mailMapAction('sendmail-access', 'tempfail', mta)).toMatch(
    /^ERROR:4\.7\.1:"450 Client is .*"$/,
  );
  expect(mailMapAction('tcprules', 'reject', mta)).toMatch(/^allow,RBLSMTPD="-Client is refused/);
  expect(mailMapAction('tcprules', 'approved', mta)).toBe('allow,RBLSMTPD=""');
});
