import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import type { RunResult } from '../helpers/run.js';
import { sekisho } from '../helpers/sekisho.js';

/** A host that publishes, and the lists that it has. */
async function publisher(): Promise<{
  readonly folder: string;
  readonly out: () => readonly string[];
  readonly publish: (lists: string, ...words: readonly string[]) => Promise<RunResult>;
}> {
  const folder = await temporaryFolder();
  for (const name of ['a', 'b']) writeFileSync(join(folder, `${name}.txt`), '198.51.100.7\n');
  writeFileSync(join(folder, 'countries.csv'), '1.11.0.0,1.11.255.255,KR\n');
  return {
    folder,
    out: () => readdirSync(join(folder, 'out')).filter((name) => !name.startsWith('.')),
    publish: async (lists, ...words) => {
      const head = 'state: state\nsources: { csv: [countries.csv] }\n';
      writeFileSync(join(folder, 'sekisho.yaml'), `${head}lists: { ${lists} }\n`);
      const args = words.length > 0 ? words : ['--all'];
      const config = ['--config', join(folder, 'sekisho.yaml')];
      return sekisho(['export', ...args, '--out', join(folder, 'out/'), ...config]);
    },
  };
}

const BOTH = 'a: { file: a.txt }, b: { file: b.txt }';
const ONE = 'a: { file: a.txt }';
const filesOf = (...names: readonly string[]): string[] =>
  names.flatMap((name) => [`${name}-ipv4.cidr`, `${name}-ipv6.cidr`]);

test('files of a list that was given up go, and nothing that is not ours', async () => {
  const { folder, out, publish } = await publisher();
  expect(await publish(BOTH)).toMatchObject({ code: 0, stderr: '' });
  expect(out()).toEqual(filesOf('a', 'b', 'kr'));
  writeFileSync(join(folder, 'out', 'theirs-ipv4.cidr'), '192.0.2.0/24\n');
  writeFileSync(join(folder, 'out', 'index.html'), '');
  // part of it, in another way: only what that way wrote would go
  expect(await publish(ONE, '--list', 'a')).toMatchObject({ code: 0, stderr: '' });
  expect(await publish(ONE, '--all', '--format', 'ranges')).toMatchObject({ code: 0 });
  const { code, stderr } = await publish(ONE);
  expect(code).toBe(0);
  expect(stderr).toMatch(/removed .*b-ipv4\.cidr.*\n.*removed .*b-ipv6\.cidr/);
  expect(stderr).toMatch(/left over: .*theirs-ipv4\.cidr; no list is exported to it/);
  expect(stderr.split('\n')).toHaveLength(4);
  expect(out().filter((name) => name.endsWith('.cidr'))).toEqual([
    ...filesOf('a', 'kr'),
    'theirs-ipv4.cidr',
  ]);
  expect(out()).toContain('index.html');
});

test('a file that somebody changed is named and stays; without an index, all do', async () => {
  const { folder, out, publish } = await publisher();
  await publish(BOTH);
  writeFileSync(join(folder, 'out', 'b-ipv4.cidr'), '192.0.2.0/24\n');
  const { stderr } = await publish(ONE);
  expect(stderr).toMatch(/left over: .*b-ipv4\.cidr[^]*|removed .*b-ipv6/);
  expect(out()).toEqual(['a-ipv4.cidr', 'a-ipv6.cidr', 'b-ipv4.cidr', ...filesOf('kr')]);
  await publish(BOTH);
  rmSync(join(folder, 'out', '.sekisho-export.json'));
  const second = await publish(ONE);
  expect(second.stderr).toMatch(/left over: .*b-ipv4\.cidr.*\n.*left over: .*b-ipv6\.cidr/);
  expect(out()).toEqual(filesOf('a', 'b', 'kr'));
});

test('what cannot be made now keeps its files', async () => {
  const { folder, out, publish } = await publisher();
  const feed = `${ONE}, f: { lists: [a] }`;
  await publish(feed);
  expect(out()).toEqual(filesOf('a', 'f', 'kr'));
  // its feed never came
  const second = await publish(`${ONE}, f: { url: 'http://127.0.0.1:1/x' }`);
  expect(second).toMatchObject({ code: 3 });
  expect(second.stderr).not.toMatch(/removed|left over/);
  expect(out()).toEqual(filesOf('a', 'f', 'kr'));
  expect((await publish(ONE)).stderr).toMatch(/removed .*f-ipv4/);
  expect(existsSync(join(folder, 'out', 'f-ipv4.cidr'))).toBe(false);
});
