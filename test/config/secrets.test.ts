import { expect, test } from 'vitest';

import { parseConfig } from '../../src/config/load.js';
import { withoutSecrets } from '../../src/config/secrets.js';

const zone = (keys: string): string =>
  `dnsbl: { zones: [{ name: bl.test, keys: ${keys}, lists: { a: { code: 127.0.0.2 } } }] }`;

test.each(['[short1]', '[goodkey123, bad_key_secret1]', 'secretkey1'])(
  'an error about keys %s does not tell them',
  (keys) => {
    expect(() => parseConfig(zone(keys), 'c.yaml')).toThrow(/keys.*: found \(hidden\); expected/);
    expect(() => parseConfig(zone(keys), 'c.yaml')).not.toThrow(/secret|short1|goodkey/);
  },
);

test('an error about a zone does not tell its keys', () => {
  const text = 'dnsbl: { zones: { name: bl.test, keys: [secretkey1] } }';
  expect(() => parseConfig(text, 'c.yaml')).toThrow(/dnsbl\.zones: found .*; expected a list/);
  expect(() => parseConfig(text, 'c.yaml')).not.toThrow(/secretkey1/);
});

test('what is shown of a configuration has no secrets', () => {
  const { config } = parseConfig(
    `lists: { a: { url: "https://me:pass@feeds.example/list?x=y@z&key=k3y" } }\n${zone('[secretkey1]')}`,
    'c.yaml',
  );
  const shown = JSON.stringify(withoutSecrets(config));
  expect(shown).not.toMatch(/secretkey1|me:pass|k3y/);
  expect(shown).toContain('"keys":["(hidden)"]');
  expect(shown).toContain('https://(hidden)@feeds.example/list?x=(hidden)&key=(hidden)');
  expect(JSON.parse(shown)).toMatchObject({ state: config.state, sources: config.sources });
});
