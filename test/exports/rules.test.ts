import { describe, expect, test } from 'vitest';

import { parseConfig } from '../../src/config/load.js';
import { assertExportRules } from '../../src/exports/rules.js';

const LISTS = 'lists: { a: { countries: [KR] }, m: { file: m.txt } }\nexports:\n';

function check(...exports: string[]): void {
  const yaml = LISTS + exports.map((rule) => `  - ${rule}\n`).join('');
  assertExportRules(parseConfig(yaml, '/etc/sekisho.yaml'));
}

describe('an export that cannot be written is refused before there is any data', () => {
  test.each([
    ['{ format: nfq, file: x }', 'exports.0.format: found "nfq"; expected one of cidr, '],
    ['{ format: nft, file: x, lists: [b] }', 'exports.0.lists.0: found "b"; expected one of'],
    ['{ format: cidr, file: x }', 'exports.0.file: found "x"; expected {list} in the name'],
    ['{ format: nft, file: x, action: drop }', 'exports.0: format nft has no place for an action'],
    [
      '{ format: iptables, file: x, action: "a b" }',
      'exports.0: iptables: "a b" cannot be a target',
    ],
    ['{ format: tcprules, file: "{list}", action: no }', 'exports.0: tcprules: the action is "no"'],
    ['{ format: ip6tables, file: x, family: 4 }', 'exports.0: format ip6tables holds no IPv4'],
    ['{ format: json, file: ./m.txt }', 'a file of its own: lists.m has /etc/m.txt'],
    ['{ format: json, file: "{list}.txt" }', 'a file of its own: lists.m has /etc/m.txt'],
  ])('%s', (rule, message) => {
    expect(() => check(rule)).toThrow(`/etc/sekisho.yaml:3: `);
    expect(() => check(rule)).toThrow(message);
  });

  test('two exports of one file', () => {
    expect(() =>
      check('{ format: json, file: "x/{list}" }', '{ format: nft, file: ./x/a }'),
    ).toThrow(
      '/etc/sekisho.yaml:4: exports.1.file: found "./x/a"; expected a file of its own: exports.0 has /etc/x/a',
    );
  });
});

test('what can be written passes', () => {
  expect(() =>
    check(
      '{ format: nft, file: out/x.nft }',
      '{ format: ip6tables, file: out/x6, family: 6, action: REJECT }',
      '{ format: rbldnsd, file: "out/{list}", action: ":127.0.0.3:no" }',
      '{ format: mmdb, file: out/x.mmdb, lists: [a] }',
    ),
  ).not.toThrow();
});
