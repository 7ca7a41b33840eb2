import { describe, expect, test } from 'vitest';

import { parseConfig } from '../../src/config/load.js';
import { ZoneSecrets, secretTexts } from '../../src/config/zone-secrets.js';

const CONFIG = `lists: { a: { file: a.txt }, customer17: { file: b.txt } }
dnsbl:
  zones:
    - name: bl.example.net
      keys: [customer17, Other-Key-1]
      lists:
        a: { code: 127.0.0.2, text: "see http://BL.example.net./" }
        customer17:
          code: 127.0.0.3
          text: "list $list"
    - name: open.example.net
      lists: { a: { code: 127.0.0.2, text: "see http://open.example.net/" } }
milter:
  lists: { a: { text: "ask OTHER-KEY-1.bl.example.net" } }
mta: { texts: { reject: "listed in bl.example.net" } }
`;

const loaded = parseConfig(CONFIG, '/etc/c.yaml');

describe('secrets', () => {
  const secrets = new ZoneSecrets(loaded.config);
  test.each([
    ['in customer17.bl.example.net now', 'in (hidden) now'],
    ['in Customer17.BL.Example.NET.', 'in (hidden).'],
    ['bl.example.net, x.bl.example.net', '(hidden), x.(hidden)'],
    ['acustomer17b', 'a(hidden)b'],
    ['nobl.example.net', 'nobl.example.net'],
    ['bl-example.net', 'bl-example.net'],
    ['open.example.net', 'open.example.net'],
  ])('%s', (text, hidden) => {
    expect(secrets.hiddenIn(text)).toBe(hidden);
    expect(secrets.areIn(text)).toBe(text !== hidden);
  });

  test('without keys there are none', () => {
    const open = new ZoneSecrets(parseConfig(CONFIG.replace(/ +keys:.*\n/, ''), 'c.yaml').config);
    expect(open.isEmpty).toBe(true);
    expect(open.hiddenIn('bl.example.net')).toBe('bl.example.net');
  });
});

test('texts of the configuration are told by file and line, and without the secret', () => {
  const found = secretTexts(loaded);
  expect(found.map((line) => line.replace(/: names a zone that has keys.*$/, ''))).toEqual([
    '/etc/c.yaml:7: dnsbl.zones.0.lists.a.text',
    '/etc/c.yaml:10: dnsbl.zones.0.lists.customer17.text',
    '/etc/c.yaml:14: milter.lists.a.text',
    '/etc/c.yaml:15: mta.texts.reject',
  ]);
});
