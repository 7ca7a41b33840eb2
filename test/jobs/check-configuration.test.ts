import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { parseConfig } from '../../src/config/load.js';
import { readServiceConfig } from '../../src/daemon/configuration.js';
import { checkWithFiles } from '../../src/jobs/check-configuration.js';
import { temporaryFolder } from '../helpers/cleanup.js';

const LISTS = 'lists: { asia: { countries: [KR] } }\n';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('what `config check` refuses, a service does not start with or reload', () => {
  test.each([
    ['lists.asia', 'lists: { asia: { countries: [QQ] } }', '"QQ"'],
    ['exports', `${LISTS}exports: [{ format: cidr, file: x, lists: [none] }]`, '"none"'],
    [
      'dnsbl.zones',
      `${LISTS}dnsbl: { zones: [{ name: bl.test, lists: { none: { code: 127.0.0.2 } } }] }`,
      '"none"',
    ],
    [
      'firewall.rules',
      `${LISTS}firewall: { rules: [{ name: a, tcp: [1], deny: [none] }] }`,
      '"none"',
    ],
    ['firewall.blocked', `${LISTS}firewall: { blocked: [none], rules: [] }`, '"none"'],
    ['milter.lists', `${LISTS}milter: { lists: { none: {} } }`, '"none"'],
    [
      'milter.lists.asia.code',
      `${LISTS}milter: { lists: { asia: { action: tempfail, code: 550 5.7.1 } } }`,
      '"550 5.7.1"',
    ],
    ['milter.known', `${LISTS}milter: { known: [192.0.2] }`, '"192.0.2"'],
    [
      'mta.maps',
      `${LISTS}mta: { maps: [{ kind: postfix-cidr, file: x, lists: [none] }] }`,
      '"none"',
    ],
    ['mta.maps.0', 'mta: { maps: [{ kind: postfix-cidr, file: x }] }', 'no lists'],
    ['mta.known_hosts', 'mta: { known_hosts: [192.0.2.1-192.0.2.9] }', '"192.0.2.1-192.0.2.9"'],
  ])('%s', async (place, text, found) => {
    const path = write('sekisho.yaml', `${text}\n`);
    const loaded = parseConfig(text, path);
    for (const says of [`: ${place}`, `found ${found}`]) {
      expect(() => readServiceConfig(path)).toThrow(says);
      await expect(checkWithFiles(loaded)).rejects.toThrow(says);
    }
  });
});

test('files that people keep stop no service: it goes on by their last good content', async () => {
  write('rules.conf', 'helo /(/e\n');
  write('list.txt', '192.0.2\n');
  for (const [text, fault] of [
    ['milter: { rules: rules.conf }\n', /rules\.conf:1: found/],
    ['lists: { a: { file: list.txt } }\n', /list\.txt:1: found/],
  ] as const) {
    const path = write('sekisho.yaml', text);
    expect(readServiceConfig(path).text).toBe(text);
    await expect(checkWithFiles(parseConfig(text, path))).rejects.toThrow(fault);
  }
});
