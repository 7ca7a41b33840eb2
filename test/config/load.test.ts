import { describe, expect, test } from 'vitest';

import { exampleConfig } from '../../src/config/example.js';
import { parseConfig } from '../../src/config/load.js';
import { describeOptions } from '../../src/config/options.js';
import { configurationReference } from '../../src/config/reference.js';
import { readFileSync } from 'node:fs';

describe('an error names file, line, path, what was found and what was expected', () => {
  test.each([
    ['state: 5', 'c.yaml:1: state: found 5; expected a text'],
    ['\nbogus: 1', 'c.yaml:2: bogus: found the unknown option "bogus"; expected one of state, '],
    [
      'sources:\n  registries: [apnic, foo]',
      'c.yaml:2: sources.registries.1: found "foo"; expected one of apnic, ripencc, ',
    ],
    ['sources:\n  fall: 10', 'c.yaml:2: sources.fall: found 10; expected a share such as 10%'],
    [
      'sources: { idle_timeout: 3 seconds }',
      'c.yaml:1: sources.idle_timeout: found "3 seconds"; expected a duration',
    ],
    ['sources: { total_timeout: 30d }', 'found "30d"; expected a duration such as 30s, 5m or 12h'],
    ['sources: { idle_timeout: 0s }', 'found "0s"; expected a duration'],
    ['sources: { max_size: 0MiB }', 'found "0MiB"; expected a size such as 64MiB, from 1KiB'],
    ['sources: { max_size: 5MB }', 'expected a size such as 64MiB'],
    ['sources: { tries: 0 }', 'sources.tries: found 0; expected at least 1'],
    ['sources: { urls: { apnic: [ftp://x] } }', 'found "ftp://x"; expected an http or https URL'],
    [
      'lists:\n  Asia: { countries: [KR] }',
      'c.yaml:2: lists.Asia: found the name "Asia"; expected a name of at most 24',
    ],
    [
      'lists:\n  a: {}',
      'c.yaml:2: lists.a: found {}; expected exactly one of countries, file, url and lists',
    ],
    [
      'lists: { a: { file: x, url: "http://h/" } }',
      'exactly one of countries, file, url and lists',
    ],
    ['lists: { a: { countries: KR } }', 'lists.a.countries: found "KR"; expected a list'],
    ['exports:\n  - format: nft', 'exports.0.file: found nothing; expected a text'],
    [
      'exports: [{ format: nft, file: x, family: 5 }]',
      'exports.0.family: found 5; expected 4 or 6',
    ],
    [
      'metrics: { listen: "[::ffff:127.0.0.1]:9853" }',
      'metrics.listen: found "[::ffff:127.0.0.1]:9853"; expected an address and port such as',
    ],
    ['schedule: "61 4 * * *"', 'schedule: found "61 4 * * *"; expected a cron expression'],
    ['schedule: "0 17 4 * * *"', 'expected a cron expression of five fields'],
    ['exports: [{ format: nft, file: x, lists: [] }]', 'found []; expected at least one list'],
    ['lists:\n  __proto__: { countries: [KR] }', 'c.yaml:2: found the name "__proto__"; expected'],
    ['state: x\nlists: *none', 'c.yaml:2: found the alias *none; expected an anchor'],
    ['? [a]\n: b', 'c.yaml:1: found a list, map or alias as a name'],
    [
      `a: &a [x, x]\nb: &b [${'*a,'.repeat(60)}]\nc: [${'*b,'.repeat(60)}]`,
      'c.yaml: Excessive alias count',
    ],
    ['lists: {', 'c.yaml:1: '],
    ['state: a\nstate: b', 'c.yaml:2: Map keys must be unique'],
    ['- a', 'c.yaml: found ["a"]; expected options below it'],
  ])('%j', (yaml, message) => {
    expect(() => parseConfig(yaml, 'c.yaml')).toThrow(message);
  });

  test('all errors are told at once', () => {
    expect(() => parseConfig('state: 5\nmax_lines: x', 'c.yaml')).toThrow(
      /state: found 5.*\n.*max_lines: found "x"/,
    );
  });
});

test('every option may be left out, and codes that YAML 1.1 took for booleans stay codes', () => {
  expect(parseConfig('', undefined).config).toMatchObject({ state: '/var/lib/sekisho', lists: {} });
  const { config } = parseConfig('lists: { n: { countries: [NO, DE] } }', undefined);
  expect(config.lists['n']?.countries).toEqual(['NO', 'DE']);
});

test('an anchor gives two lists one definition', () => {
  const yaml = 'lists: { a: &east { countries: [KR, JP] }, b: *east }';
  expect(parseConfig(yaml, undefined).config.lists['b']?.countries).toEqual(['KR', 'JP']);
});

test('units become numbers', () => {
  const yaml = 'sources: { fall: 2.5%, idle_timeout: 5m, max_size: 2MiB }';
  expect(parseConfig(yaml, undefined).config.sources).toMatchObject({
    fall: 0.025,
    idle_timeout: 300_000,
    max_size: 2_097_152,
  });
});

test('the example holds every option of the schema and is a good configuration', () => {
  const text = exampleConfig('38 4 * * *');
  const { config } = parseConfig(text, 'example.yaml');
  expect(config.schedule).toBe('38 4 * * *');
  expect(text).toContain('38 4 * * * root sekisho update');
  for (const option of describeOptions()) {
    expect(text).toMatch(new RegExp(`^(# )?${option.path[0] ?? ''}:`, 'm'));
    expect(option.description).not.toBe('');
  }
  // what is commented out is good too
  const all = text.replace(/^( *)# ([a-z_]+:( |$))/gm, '$1$2');
  expect(() => parseConfig(all, 'example.yaml')).not.toThrow();
  expect(all).toMatch(/^ {2}tries: 3$/m);
});

test('docs/configuration.md is what the schema says', () => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  expect(page, 'run `npm run docs`').toBe(configurationReference());
});
