import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect } from 'vitest';

import { ROOT, blocksOf, readPage, sectionsOf } from '../docs/markdown.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import {
  IPTABLES_VARIANTS,
  type IptablesVariant,
  linkIptables,
  programsOf,
} from '../helpers/iptables-variants.js';
import { ask } from '../helpers/dns-questions.js';
import { Namespace } from '../helpers/namespace.js';
import { searchPath, systemTest } from '../helpers/programs.js';
import { MAIN, sekisho } from '../helpers/sekisho.js';
import { type TestRecord, statisticsText } from '../helpers/statistics-text.js';

/*
 * The commands of README.md, run as they stand there in a folder as scripts/quickstart leaves
 * it, made from small files of registries. `sekisho` is on the PATH, as after an installation.
 */

const SECTIONS = sectionsOf(readPage('README.md'));
const QUICKSTART = 'scripts/quickstart.yaml';

/** The blocks of commands below a heading. */
function commandsUnder(heading: string): string[] {
  const blocks = blocksOf(SECTIONS.get(heading) ?? '');
  return blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);
}

const CHINA = ['221.200.232.93', '240e::93'];
const JAPAN = ['133.0.0.93', '2001:200::93'];

/** APNIC's file and ARIN's, where `east` is CN and `west` JP, or the other way round. */
function statistics(east: string, west: string): Record<string, string> {
  const apnic: TestRecord[] = [
    { cc: east, start: '221.200.0.0', value: 262144 },
    { cc: east, start: '240e::', value: 20 },
    { cc: 'KR', start: '1.11.0.0', value: 65536 },
    { cc: west, start: '133.0.0.0', value: 49152 },
    { cc: west, start: '2001:200::', value: 32 },
  ];
  const arin: TestRecord[] = [{ cc: 'KR', start: '203.0.113.0', value: 256 }];
  return {
    'delegated-apnic': statisticsText({ records: apnic, extended: true }),
    'delegated-arin': statisticsText({ registry: 'arin', records: arin, extended: true }),
  };
}

/** What scripts/quickstart leaves. */
class Clone {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    for (const path of [QUICKSTART, 'lists'])
      cpSync(ROOT + path, join(folder, path), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    mkdirSync(join(folder, 'out/state/sources'), { recursive: true });
    mkdirSync(join(folder, 'bin'));
    const program = `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`;
    writeFileSync(join(folder, 'bin/sekisho'), program, { mode: 0o755 });
  }

  /** Makes out/ anew from these files. */
  async update(files: Record<string, string>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(this.folder, 'out/state/sources', name), text);
    }
    const args = ['update', '--config', QUICKSTART, '--from', 'out/state/sources'];
    expect(await sekisho(args, { cwd: this.folder })).toEqual({ code: 0, stdout: '', stderr: '' });
  }

  /** How a shell runs a block here. */
  get options() {
    return { cwd: this.folder, env: { PATH: `${join(this.folder, 'bin')}:${searchPath}` } };
  }
}

describe.each(IPTABLES_VARIANTS)('the firewall of README.md, with iptables by %s', (variant) => {
  for (const [k, name] of ['nftables', 'ipset', 'iptables'].entries()) {
    const needs = [...programsFor(name, variant), 'namespace'];
    systemTest(`${name} denies ssh to the list and to nobody else`, needs, async () => {
      const block = commandsUnder('Load it into the firewall')[k] ?? '';
      expect(block).toMatch(new RegExp(`^${name === 'nftables' ? 'nft' : name}`));
      const clone = new Clone(await temporaryFolder());
      await linkIptables(join(clone.folder, 'bin'), variant);
      await clone.update(statistics('CN', 'JP'));
      const network = await Namespace.create();
      await network.addAddresses([...CHINA, ...JAPAN]);
      expect(await connections(network)).toEqual([...both(CHINA), ...both(JAPAN)]);

      await shell(network, block, clone);
      expect(await connections(network)).toEqual([...onlyHttp(CHINA), ...both(JAPAN)]);

      // another day, another country: only the file is loaded again
      await clone.update(statistics('JP', 'CN'));
      const loading = block.split('\n').filter((line) => /^nft -f|restore/.test(line));
      expect(loading.length).toBeGreaterThan(0);
      await shell(network, loading.join('\n'), clone);
      expect(await connections(network)).toEqual([...both(CHINA), ...onlyHttp(JAPAN)]);
    });
  }
});

function programsFor(name: string, variant: IptablesVariant): string[] {
  if (name === 'nftables') return ['nft'];
  return [...programsOf(variant), ...(name === 'ipset' ? ['ipset'] : [])];
}

/** Runs commands in the namespace, by a shell that ends at the first failure. */
async function shell(network: Namespace, script: string, clone: Clone): Promise<void> {
  const result = await network.run('sh', ['-e', '-c', script], clone.options);
  expect(result, script).toMatchObject({ code: 0, stderr: '' });
}

const CONNECT_FROM = fileURLToPath(new URL('../helpers/connect-from.mjs', import.meta.url));

/** `ADDRESS PORT` of the connections that come about, from all four addresses to 22 and 80. */
async function connections(network: Namespace): Promise<string[]> {
  const input = [...CHINA, ...JAPAN].join('\n');
  const result = await network.run(process.execPath, [CONNECT_FROM, '22', '80'], { input });
  expect(result).toMatchObject({ code: 0, stderr: '' });
  return result.stdout.split('\n').filter(Boolean);
}

const both = (addresses: readonly string[]) =>
  addresses.flatMap((one) => [`${one} 22`, `${one} 80`]);
const onlyHttp = (addresses: readonly string[]) => addresses.map((one) => `${one} 80`);

systemTest(
  'the one configuration of README.md does what it says',
  ['nft', 'namespace'],
  async () => {
    const heading = 'One configuration for all of it';
    const clone = new Clone(await temporaryFolder());
    await clone.update(statistics('CN', 'JP'));
    const [config] = blocksOf(SECTIONS.get(heading) ?? '').filter(
      ({ language }) => language === 'yaml',
    );
    writeFileSync(join(clone.folder, 'firewall.yaml'), config?.text ?? '');
    const network = await Namespace.create();
    const outputs = new Map<string, string>();
    for (const line of commandsUnder(heading).join('').trim().split('\n')) {
      const { env, ...options } = clone.options;
      const result = await network.run('sh', ['-e', '-c', line], {
        ...options,
        env: { ...env, SSH_CONNECTION: '' },
      });
      expect(result, line).toMatchObject({ code: 0 });
      outputs.set(line.split(' ')[1] ?? '', result.stdout);
      if (line.startsWith('sekisho block')) {
        const held = await network.run('nft', ['list', 'set', 'inet', 'sekisho', 'blocked_v4']);
        expect(held.stdout).toMatch(/203\.0\.113\.7 timeout 7d/);
      }
    }
    expect([...outputs.keys()].join(' ')).toBe('plan apply confirm block list why unblock');
    expect(outputs.get('list')).toMatch(/203\.0\.113\.7.*guesses passwords/);
    expect(outputs.get('why')).toMatch(/tcp 22: drop/);
    expect(readFileSync(join(clone.folder, 'lists/blocked.txt'), 'utf8')).toBe(
      readFileSync(`${ROOT}lists/blocked.txt`, 'utf8'),
    );
  },
);

systemTest('the questions of README.md have answers', ['namespace'], async () => {
  const clone = new Clone(await temporaryFolder());
  await clone.update(statistics('CN', 'JP'));
  const network = await Namespace.create(); // no way out: nothing is downloaded
  const lines = commandsUnder('Ask it').join('').trim().split('\n');
  const answers = new Map<string, string>();
  for (const line of lines) {
    const result = await network.run('sh', ['-e', '-c', line], clone.options);
    expect(result, line).toMatchObject({ code: 0, stderr: '' });
    answers.set(line.split(' ').slice(1).join(' '), result.stdout);
  }
  const answer = (start: string): string => {
    const found = [...answers].filter(([command]) => command.startsWith(start));
    expect(found, start).toHaveLength(1);
    return found[0]?.[1] ?? '';
  };
  expect(answers.size).toBe(6);
  expect(answer('why --config')).toMatch(
    /^221\.200\.232\.93 {2}CN China {2}apnic: .*lists: asia\n$/,
  );
  expect(answer('why --from')).toMatch(
    /^221\.200\.232\.93 {2}CN China {2}by IP Geolocation by DB-IP /,
  );
  const countries = JSON.parse(answer('countries')) as { cc: string }[];
  expect(countries.map(({ cc }) => cc)).toEqual(['CN', 'JP', 'KR']);
  expect(answer('export --config scripts/quickstart.yaml --country KR,CN')).toBe(
    '1.11.0.0/16\n203.0.113.0/24\n221.200.0.0/14\n',
  );
  expect(answer('export --config scripts/quickstart.yaml --all')).toBe('');
  expect(readFileSync(join(clone.folder, 'out/countries/jp-ipv6.cidr'), 'utf8')).toBe(
    '2001:200::/32\n',
  );
  expect(existsSync(join(clone.folder, 'out/countries/kr-ipv4.cidr'))).toBe(true);
  expect(answer('export --from')).toMatch(/^add set inet sekisho kr_v4 /m);
});

systemTest('the DNSBL of README.md answers', ['namespace', 'dig'], async () => {
  const clone = new Clone(await temporaryFolder());
  await clone.update(statistics('CN', 'JP'));
  const [config] = blocksOf(SECTIONS.get('DNSBL') ?? '').filter(
    ({ language }) => language === 'yaml',
  );
  writeFileSync(join(clone.folder, 'dnsbl.yaml'), config?.text ?? '');
  const [serve = '', questions = ''] = commandsUnder('DNSBL');
  const network = await Namespace.create();
  await network.start('sh', ['-c', `exec ${serve.trim()}`], {
    ...clone.options,
    timeoutMs: 20_000,
    ready: async () => (await ask(network, '2.0.0.127.bl.example.net', 'A')) !== 'no reply',
  });
  const result = await network.run('sh', ['-e', '-c', questions], clone.options);
  expect(result).toEqual({
    code: 0,
    stderr: '',
    stdout: '127.0.0.4\n"country list: 221.200.232.93 (CN)"\n"cn"\n',
  });
});
