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
  const all = await run('export', '--all', '--family', '4');
  expect(all).toMatchObject({ code: 0, stdout: '198.51.100.7/32\n' });
  expect(all.stderr).toMatch(/no country is exported: no statistics file/);
  const refused = await run('export', '--country', 'KR');
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringMatching(/^sekisho: no statistics/),
  ]);
});

test('what another list lacks is told where all are asked for, and no matter for this one', async () => {
  const run = await hostWith(', asia: { countries: [KR] }, both: { lists: [asia, blocked] }');
  const one = await run('export', '--list', 'blocked');
  expect(one).toEqual({ code: 0, stdout: '198.51.100.7/32\n', stderr: '' });
  const all = await run('export', '--all');
  expect(all.code).toBe(3);
  expect(all.stdout).toBe('198.51.100.7/32\n');
  expect(all.stderr).toMatch(
    /list asia is left out: no stat.*\n.*list both is left out: it is made/,
  );
  const lacking = await run('export', '--list', 'both');
  expect([lacking.code, lacking.stdout]).toEqual([1, '']);
});

test('why tells what is kept by hand, and that countries are not known', async () => {
  const run = await hostWith('');
  const known = await run('why', '--long', '198.51.100.7');
  expect(known.code).toBe(0);
  expect(known.stdout).toMatch(
    /^198\.51\.100\.7 {2}country not known {2}no registry data {2}lists: blocked\n[^]*“spam”/,
  );
  expect(known.stderr).toMatch(/countries are not known: no statistics file/);
  const other = await hostWith(
    ', asia: { countries: [KR] } }\n' +
      'firewall: { rules: [{ name: ssh, tcp: [22], deny: [asia] }] }\n' +
      'dnsbl: { zones: [{ name: bl.test, lists: { blocked: { code: 127.0.0.2 } } }] ',
  );
  const lacking = await other('why', '--long', '198.51.100.7');
  expect(lacking.code).toBe(3);
  expect(lacking.stdout).toMatch(/lists: blocked\n[^]*bl\.test.*127\.0\.0\.2/);
  expect(lacking.stderr).toMatch(/rules of the firewall are left out/);
});

test('an update without registries does the rest where nothing needs countries', async () => {
  const run = await hostWith('');
  expect((await run('update')).code).toBe(3);
  expect((await run('cat', 'blocked.out')).stdout).toBe('198.51.100.7/32\n');
});

test('and fails where a list does', async () => {
  const run = await hostWith(', asia: { countries: [KR] }');
  expect((await run('update')).code).toBe(1);
});
