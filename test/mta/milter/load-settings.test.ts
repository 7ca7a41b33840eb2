import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { hasAddress } from '../../../src/ip/address-set.js';
import { judgeAddress } from '../../../src/mta/milter/judge/verdict.js';
import { type LoadedMilter, SettingsLoader } from '../../../src/mta/milter/load-settings.js';
import { temporaryFolder } from '../../helpers/cleanup.js';
import { addresses } from '../../helpers/milter-settings.js';

interface Files {
  readonly config: string;
  readonly [name: string]: string;
}

async function load({ config, ...files }: Files): Promise<LoadedMilter & { folder: string }> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const input = { text: `state: state\n${config}`, file: join(folder, 'sekisho.yaml') };
  return { ...(await new SettingsLoader().load(input)), folder };
}

/** What the client at an address is told. */
function replyTo({ settings }: LoadedMilter, text: string): string | undefined {
  const [words] = [addresses(text).v4.firsts];
  return judgeAddress({ family: 4, words }, settings, 'list')?.reply;
}

describe('zones with keys', () => {
  test('are named in no reply: reasons, names of lists, texts, rules', async () => {
    const loaded = await load({
      config: `lists: { blocked: { file: blocked.txt }, customer17: { file: more.txt } }
dnsbl:
  zones:
    - { name: hush.example.net, keys: [customer17], lists: { blocked: { code: 127.0.0.2 } } }
milter:
  lists:
    blocked: { text: "$ is listed: $reason" }
    customer17: { text: "on $list" }
  rules: rules.conf
`,
      'blocked.txt': '203.0.113.1 spam\n203.0.113.2 in customer17.hush.example.net\n',
      'more.txt': '203.0.113.3\n',
      'rules.conf': 'reject "see hush.example.net"\nhelo /x/\n',
    });
    expect(replyTo(loaded, '203.0.113.1')).toBe('550 5.7.1 203.0.113.1 is listed: spam');
    expect(replyTo(loaded, '203.0.113.2')).toBe('550 5.7.1 203.0.113.2 is listed: in (hidden)');
    expect(replyTo(loaded, '203.0.113.3')).toBe('550 5.7.1 on (hidden)');
    expect(loaded.settings.rules.rules[0]?.action.reply).toBe('554 5.7.1 see (hidden)');
    const places = loaded.warnings.map((text) => text.replace(loaded.folder, ''));
    const tells = 'names a zone that has keys, or a key; clients are told (hidden) instead';
    expect(places.filter((text) => text.includes(tells))).toEqual([
      `/sekisho.yaml:9: milter.lists.customer17.text: ${tells}`,
      `/blocked.txt:2: the reason ${tells}`,
      `/rules.conf:2: the text above ${tells}`,
    ]);
  });
});

test.each([
  ['mta: { known_hosts: [198.51.100.0/24] }\nmilter: {}\n', true],
  ['mta: { known_hosts: [192.0.2.0/24] }\nmilter: { known: [] }\n', false],
  ['mta: { known_hosts: [192.0.2.0/24] }\nmilter: { known: [198.51.100.7] }\n', true],
])(
  'gateways are those of the mail server unless the milter names its own: %j',
  async (config, isKnown) => {
    const { settings } = await load({ config });
    const [words] = [addresses('198.51.100.7').v4.firsts];
    expect(hasAddress(settings.known, { family: 4, words })).toBe(isKnown);
    const bad = config.replace('198.51.100', '198.51.300');
    if (config !== bad) await expect(load({ config: bad })).rejects.toThrow(/known/);
  },
);
