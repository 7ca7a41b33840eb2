import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { sekisho } from '../helpers/sekisho.js';
import { TestServer } from '../helpers/http-server.js';

async function hostWith(
  lists: string,
): Promise<(...words: string[]) => ReturnType<typeof sekisho>> {
  const server = await TestServer.start(); // has no file
  const folder = await temporaryFolder();
  const config = `state: state
sources: { registries: [apnic], urls: { apnic: ['${server.url('/apnic')}'] }, tries: 1 }
lists: { blocked: { file: blocked.txt }${lists} }
exports: [{ file: blocked.out, format: cidr, lists: [blocked] }]
`;
  writeFileSync(join(folder, 'sekisho.yaml'), config);
  writeFileSync(join(folder, 'blocked.txt'), '198.51.100.7 spam\n');
  return async (...words) => {
    if (words[0] === 'cat') {
      return { code: 0, stdout: readFileSync(join(folder, words[1] ?? ''), 'utf8'), stderr: '' };
    }
    return sekisho([...words, '--config', join(folder, 'sekisho.yaml')], { cwd: folder });
  };
}

test('lists that people keep are exported where no country was ever fetched', async () => {
  const run = await hostWith('');
  expect(await run('export')).toMatchObject({ code: 0, stdout: '198.51.100.7/32\n' });
  for (const choice of [['--all'], ['--country', 'KR']]) {
    const refused = await run('export', ...choice);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/^sekisho: no statistics/),
    ]);
  }
});

test('an update without registries does the rest where nothing needs countries', async () => {
  const run = await hostWith('');
  expect((await run('update')).code).toBe(3);
  expect((await run('cat', 'blocked.out')).stdout).toBe('198.51.100.7/32\n');
});

test('and fails where a list does', async () => {
  const run = await hostWith(', asia: { countries: [KR] }');
  expect((await run('update')).code).toBe(1);
  expect((await run('export', '--list', 'blocked')).code).toBe(1);
});
