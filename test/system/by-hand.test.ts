import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { Namespace } from '../helpers/namespace.js';
import { systemTest } from '../helpers/programs.js';
import type { RunResult } from '../helpers/run.js';
import { MAIN, sekisho } from '../helpers/sekisho.js';
import { statisticsText } from '../helpers/statistics-text.js';

const CONFIG = `state: state
lists:
  asia: { countries: [KR] }
  blocked: { file: blocked.txt }
  trusted: { file: trusted.txt }
  spammers: { file: spammers.txt }
firewall:
  backend: nftables
  admins: [198.51.100.20]
  allow: [trusted]
  rules: [{ name: mail, tcp: [25], deny: [asia] }]
dnsbl:
  zones: [{ name: bl.test, ttl: 30s, lists: { blocked: { code: 127.0.0.2 }, spammers: { code: 127.0.0.3 } } }]
`;

/** A folder with a configuration and its lists. */
async function folderWith(blocked: string, trusted = ''): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'sekisho.yaml'), CONFIG);
  await writeFile(join(folder, 'delegated-apnic'), statisticsText());
  await writeFile(join(folder, 'blocked.txt'), blocked);
  await writeFile(join(folder, 'trusted.txt'), trusted);
  await writeFile(join(folder, 'spammers.txt'), '');
  return folder;
}

const env = { SSH_CONNECTION: '', SUDO_USER: 'an-admin' };

const read = (folder: string, name = 'blocked.txt') => readFile(join(folder, name), 'utf8');

describe('without a firewall that was applied, the file is all', () => {
  const run = (folder: string, ...words: readonly string[]) =>
    sekisho([...words, '--config', join(folder, 'sekisho.yaml')], { env });

  test('comments in another encoding survive, beside reasons in UTF-8', async () => {
    const folder = await folderWith('');
    const path = join(folder, 'blocked.txt');
    const korean = Buffer.from([0xc2, 0xf7, 0xb4, 0xdc, 0xa0]); // EUC-KR
    const line = (text: string): Buffer => Buffer.concat([Buffer.from(text), korean]);
    const before = [line('# '), line('\n192.0.2.1 voilà # '), Buffer.from('\n192.0.2.2 x\n')];
    await writeFile(path, Buffer.concat(before));
    expect((await run(folder, 'block', '192.0.2.1', '--for', '2h')).code).toBe(0);
    expect((await run(folder, 'unblock', '192.0.2.2')).code).toBe(0);
    expect((await run(folder, 'block', '192.0.2.3', '--reason', '関所')).code).toBe(0);
    const lines = (await readFile(path)).toString('latin1').split('\n');
    expect(lines[0]).toBe(line('# ').toString('latin1'));
    expect(lines[1]).toMatch(/^192\.0\.2\.1 until=\S+ since=\S+ by=an-admin /);
    expect(lines[1]?.endsWith(line(' voilà # ').toString('latin1'))).toBe(true);
    expect(lines[2]?.endsWith(Buffer.from(' 関所').toString('latin1'))).toBe(true);
    expect(lines.slice(3)).toEqual(['']);
  });

  test('block writes who, when, until when and why, and says what DNS will tell', async () => {
    const folder = await folderWith('# by hand\n');
    const { code, stdout } = await run(
      folder,
      'block',
      '203.0.113.7',
      '--for',
      '2h',
      '--reason',
      'ssh',
    );
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^bl\.test: .* for 30 s, .* for 5 s\n$/),
    ]);
    expect(await read(folder)).toMatch(
      /^# by hand\n203\.0\.113\.7 until=20\S+Z since=20\S+Z by=an-admin ssh\n$/,
    );
    const listed = await run(folder, 'list', 'blocked', '--json');
    expect(JSON.parse(listed.stdout)).toMatchObject([
      {
        address: '203.0.113.7',
        left: expect.stringMatching(/^(2h|119m)$/) as string,
        by: 'an-admin',
        reason: 'ssh',
        inForce: true,
      },
    ]);
  });

  test('block names zones that have the list through another one, too', async () => {
    const folder = await folderWith('');
    const zone = '{ name: more.test, lists: { all: { code: 127.0.0.4 } } }';
    const text = CONFIG.replace('zones: [', `zones: [${zone}, `).replace(
      '  asia:',
      '  all: { lists: [spammers] }\n  asia:',
    );
    await writeFile(join(folder, 'sekisho.yaml'), text);
    const { stdout } = await run(folder, 'block', '203.0.113.7', '--list', 'spammers');
    expect(stdout).toMatch(/^more\.test: at once.*\nbl\.test: at once.*\n$/);
    expect((await run(folder, 'block', '203.0.113.7')).stdout).toMatch(/^bl\.test: .*\n$/);
  });

  test.each([
    [['198.51.100.0/24'], /holds an address of firewall\.admins: 198\.51\.100\.20/],
    [['203.0.113.5'], /holds an address of list trusted.*: 203\.0\.113\.5/],
    [['127.0.0.1'], /private or loopback/],
    [['192.168.0.0/16'], /private or loopback/],
    [['8.0.0.0/15'], /larger than a \/16/],
    [['2001:db8::/31'], /larger than a \/32/],
    [['203.0.113.7', '--reason', 'a # b'], /expected a reason in which no word begins with/],
    [['203.0.113.7', '--for', '1h', '--until', '2099-01-01'], /expected one of them/],
    [['203.0.113.7', '--until', '2020-01-01'], /expected one in the future/],
    [['203.0.113.300'], /found "203\.0\.113\.300"; expected/],
    [['203.0.113.7', '--until', '2031-02-30'], /'2031-02-30' is invalid/],
    [['203.0.113.7', '--list', 'asia'], /list asia is not kept in a file by hand/],
    [[], /found no address/],
  ])('block %j is refused, and nothing changes', async (words, message) => {
    const folder = await folderWith('# by hand\n', '203.0.113.5\n');
    const { code, stderr } = await run(folder, 'block', ...words);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(await read(folder)).toBe('# by hand\n');
  });

  test('what a list of countries lets in is refused, too', async () => {
    const folder = await folderWith('# by hand\n');
    const text = CONFIG.replace('allow: [trusted]', 'allow: [home]').replace(
      '  asia:',
      '  home: { countries: [KR], except: [blocked] }\n  asia:',
    );
    await writeFile(join(folder, 'sekisho.yaml'), text);
    const from = ['--from', join(folder, 'delegated-apnic')];
    const refused = await run(folder, 'block', '1.16.7.7', ...from);
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /holds an address of list home, which is always let in/,
      ) as string,
    });
    expect(await read(folder)).toBe('# by hand\n');
    // without data nobody knows, which is said, and the block is what the person wants now
    const unknown = await run(folder, 'block', '8.8.4.4');
    expect(unknown).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/is not known: /) as string,
    });
  });

  test('--force blocks what is too large all the same, and says so', async () => {
    const folder = await folderWith('');
    const { code, stderr } = await run(folder, 'block', '8.0.0.0/8', '--force');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/larger than a \/16/)]);
    expect(await read(folder)).toMatch(/^8\.0\.0\.0\/8 since/);
  });

  test('unblock leaves what a larger entry holds, and says which', async () => {
    const folder = await folderWith('203.0.113.7 a\n203.0.112.0/23 b\n');
    const { code, stderr } = await run(folder, 'unblock', '203.0.113.7');
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/203\.0\.112\.0\/23 \(line 2\) holds it/),
    ]);
    expect(await read(folder)).toBe('203.0.112.0/23 b\n');
  });

  test('two hundred calls at once lose nothing', async () => {
    const there = Array.from({ length: 100 }, (_, k) => `198.51.100.${k + 100}`);
    const folder = await folderWith(there.map((address) => `${address}\n`).join(''));
    const added = there.map((_, k) => `203.0.113.${k + 100}`);
    const calls = there.flatMap((address, k) => [
      ['unblock', address],
      ['block', added[k] as string],
    ]);
    const results = await Promise.all(
      calls.map((words) =>
        sekisho([...words, '--config', join(folder, 'sekisho.yaml')], { env, timeoutMs: 280_000 }),
      ),
    );
    expect(new Set(results.map(({ code }) => code))).toEqual(new Set([0]));
    const lines = (await read(folder)).trim().split('\n');
    expect(lines.map((line) => line.split(' ')[0]).sort()).toEqual([...added].sort());
  }, 300_000);
});

describe('with nftables', () => {
  systemTest('the kernel follows, without drift', ['nft', 'namespace'], async () => {
    const folder = await folderWith('203.0.113.9\n');
    const network = await Namespace.create();
    const run = (...words: readonly string[]): Promise<RunResult> => {
      const config = ['--config', join(folder, 'sekisho.yaml')];
      const from = ['--from', join(folder, 'delegated-apnic')];
      return network.run(process.execPath, [MAIN, ...words, ...config, ...from], { env });
    };
    const held = async (set: string): Promise<string[]> => {
      const { stdout } = await network.run('nft', ['list', 'set', 'inet', 'sekisho', set]);
      return (stdout.match(/203\.0\.113\.\d+|2001:db8::\d/g) ?? []).sort();
    };
    expect(await run('apply')).toMatchObject({ code: 0 });
    expect(await run('block', '203.0.113.77', '--for', '1h')).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(await held('blocked_v4')).toEqual(['203.0.113.77', '203.0.113.9']);
    expect(await run('block', '2001:db8::7')).toMatchObject({ code: 0 });
    expect(await held('blocked_v6')).toEqual(['2001:db8::7']);
    expect(await run('unblock', '203.0.113.0/24')).toMatchObject({ code: 0 });
    expect(await held('blocked_v4')).toEqual([]);
    expect(await run('allow', '203.0.113.5')).toMatchObject({ code: 0 });
    expect(await held('trusted_v4')).toEqual(['203.0.113.5']);
    expect(await run('disallow', '203.0.113.5')).toMatchObject({ code: 0 });
    const plan = JSON.parse((await run('plan', '--json')).stdout) as { differs: boolean };
    expect(plan.differs).toBe(false);
    // a list of the DNSBL's is no business of the kernel: no registry file is needed
    const config = ['--config', join(folder, 'sekisho.yaml')];
    const alone = (...words: readonly string[]): Promise<RunResult> =>
      network.run(process.execPath, [MAIN, ...words, ...config], { env });
    expect(await alone('block', '203.0.113.60', '--list', 'spammers')).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(await read(folder, 'spammers.txt')).toMatch(/^203\.0\.113\.60 /);
    // an apply of the whole firewall would need it; the rules that stand do not
    expect(await alone('allow', '203.0.113.61')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/list trusted alone was brought into the rules/) as string,
    });
    const set = await network.run('nft', ['list', 'set', 'inet', 'sekisho', 'trusted_v4'], { env });
    expect(set.stdout).toContain('203.0.113.61');
  });
});
