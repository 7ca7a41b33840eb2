import { describe, expect, test } from 'vitest';

import { parseConfig } from '../../src/config/load.js';
import { adviceOn } from '../../src/policy/advice.js';

const LISTS = `{
  asia: { countries: [KR, CN] }, home: { countries: [JP] }, spam: { file: spam.txt },
  both: { lists: [asia, spam] }, deeper: { lists: [both] }
}`;

function advice(firewall: string, lists = LISTS): string[] {
  const { config } = parseConfig(`lists: ${lists}\nfirewall: ${firewall}`, 'sekisho.yaml');
  if (config.firewall === undefined) throw new Error('no firewall part');
  return adviceOn(config.firewall, config.lists);
}

const ruled = (rule: string): string[] => advice(`{ rules: [{ name: r, ${rule} }] }`);

describe('advice', () => {
  test.each([
    ['tcp: [80], only: [home]', '80'],
    ['tcp: [443], only: [home]', '443'],
    ['tcp: ["1-1024"], except: [spam], only: [home]', '80 and 443'],
    ['tcp: [443], mode: observe, only: [home]', '443'],
  ])('{ %s }: certificates', (rule, ports) => {
    expect(ruled(rule).filter((text) => text.includes('ACME'))).toEqual([
      `firewall rule r: lets only home pass on port ${ports}; certificate renewal (ACME) is ` +
        'checked from anywhere and will fail, unless it goes by DNS',
    ]);
  });

  test.each([
    ['tcp: [25], deny: [asia]', 'denies countries (asia)'],
    ['tcp: [22, "20-30"], deny: [spam, both]', 'denies countries (both)'],
    ['tcp: all, deny: [deeper]', 'denies countries (deeper)'],
    ['deny: [asia]', 'denies countries (asia)'],
    ['tcp: [25], action: reject, deny: [asia]', 'denies countries (asia)'],
    ['tcp: [25], only: [home]', 'lets only home pass'],
  ])('{ %s }: mail', (rule, what) => {
    expect(ruled(rule)).toEqual([
      `firewall rule r: ${what}, and on port 25 senders wait for days and are told no reason; ` +
        'let the DNSBL or the mail server answer them',
    ]);
  });

  test.each([
    'tcp: [22], only: [home]',
    'tcp: [8080, "444-500"], only: [home]',
    'tcp: [465, 587], deny: [asia]',
    'tcp: [25], deny: [spam]',
    'tcp: [80, 443], deny: [asia]',
    'udp: [25, 443], only: [home]',
    'udp: all, only: [home]',
    'icmp: true, only: [home]',
    'direction: out, tcp: [25, 443], only: [home]',
  ])('{ %s }: nothing to say', (rule) => {
    expect(ruled(rule)).toEqual([]);
  });

  test('a list that is denied on port 25, and in a zone', () => {
    const { config } = parseConfig(
      `lists: ${LISTS}
firewall: { blocked: [spam], rules: [{ name: r, tcp: [22], deny: [asia] }, { name: m, deny: [home] }] }
dnsbl: { zones: [{ name: bl.test, lists: { asia: { code: 127.0.0.2 }, spam: { code: 127.0.0.3 }, home: { code: 127.0.0.4 } } }] }`,
      'sekisho.yaml',
    );
    if (config.firewall === undefined) throw new Error('no firewall part');
    const told = adviceOn(config.firewall, config.lists, config.dnsbl);
    expect(told.filter((text) => text.includes('zone'))).toEqual([
      expect.stringMatching(/^firewall.blocked: denies list spam on port 25, which zone bl.test/),
      expect.stringMatching(/^firewall rule m: denies list home on port 25, which zone bl.test/),
    ]);
  });

  test.each([
    // by a list that joins it, by countries, by a part of a continent
    ['deny: [deeper]', 'both', 'denies list deeper on port 25, and its list both, list asia, KR'],
    ['deny: [asia]', 'korea', 'denies list asia on port 25, and its KR zone'],
    ['deny: [korea]', 'continent', 'denies list korea on port 25, and its KR zone'],
    ['only: [home]', 'asia', 'lets only home pass on port 25; of what zone bl.test lists'],
  ])('{ %s } and zone list %s: parts count', (rule, list, words) => {
    const { config } = parseConfig(
      `lists: {
  asia: { countries: [KR, CN] }, home: { countries: [JP] }, spam: { file: spam.txt },
  both: { lists: [asia, spam] }, deeper: { lists: [both] },
  korea: { countries: [KR] }, continent: { countries: [asia] } }
firewall: { rules: [{ name: r, tcp: [25], ${rule} }] }
dnsbl: { zones: [{ name: bl.test, lists: { ${list}: { code: 127.0.0.2 } } }] }`,
      'sekisho.yaml',
    );
    if (config.firewall === undefined) throw new Error('no firewall part');
    const told = adviceOn(config.firewall, config.lists, config.dnsbl);
    expect(told.filter((text) => text.includes('zone'))).toEqual([
      expect.stringContaining(`firewall rule r: ${words}`),
    ]);
  });

  test('countries among what is blocked on all ports', () => {
    expect(advice('{ blocked: [spam, both] }')).toEqual([
      expect.stringMatching(/^firewall\.blocked: both holds countries, and on port 25 senders/),
    ]);
    expect(advice('{ }', '{ blocked: { countries: [KR] } }')).toHaveLength(1);
    expect(advice('{ }', '{ blocked: { file: blocked.txt } }')).toEqual([]);
  });

  test('lists that are not there, or go in a circle, are the business of others', () => {
    expect(ruled('tcp: [25], deny: [nobody]')).toEqual([]);
    const circle = '{ a: { lists: [b] }, b: { lists: [a] } }';
    expect(advice('{ rules: [{ name: r, deny: [a] }] }', circle)).toEqual([]);
  });
});
