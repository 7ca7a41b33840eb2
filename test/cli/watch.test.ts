import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, describe, expect, test, vi } from 'vitest';

import { type WatchHost, startApart } from '../../src/cli/firewall/watch.js';
import { temporaryFolder } from '../helpers/cleanup.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A host with a systemd-run that writes its arguments down; its first process in a namespace. */
async function makeHost(
  exitCode: number,
  namespaceOfFirst = 'net:[1]',
): Promise<{ host: WatchHost; folder: string }> {
  const folder = await temporaryFolder();
  const program = join(folder, 'bin', 'systemd-run');
  await mkdir(join(folder, 'bin'));
  await writeFile(
    program,
    `#!/bin/sh\nprintf '%s\\n' "$@" >'${folder}/arguments'\nexit ${exitCode}\n`,
  );
  await chmod(program, 0o755);
  for (const [id, network] of [
    ['self', 'net:[1]'],
    ['1', namespaceOfFirst],
  ] as const) {
    await mkdir(join(folder, 'proc', id, 'ns'), { recursive: true });
    await symlink(network, join(folder, 'proc', id, 'ns', 'net'));
    await symlink('mnt:[1]', join(folder, 'proc', id, 'ns', 'mnt'));
  }
  vi.stubEnv('PATH', `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`);
  return { host: { managerFolder: folder, procFolder: join(folder, 'proc') }, folder };
}

async function cameToBe(file: string): Promise<boolean> {
  for (let k = 0; k < 100 && !existsSync(file); k++) await sleep(50);
  return existsSync(file);
}

describe('a process that outlives the session', () => {
  test('is a unit where systemd runs the host', async () => {
    const { host, folder } = await makeHost(0);
    expect(await startApart(['touch', '/no/$where'], 'sekisho-x', host)).toBe('systemd');
    const words = (await readFile(join(folder, 'arguments'), 'utf8')).trimEnd().split('\n');
    expect(words).toContain('--unit=sekisho-x');
    expect(words.slice(words.indexOf('--'))).toEqual(['--', 'touch', '/no/$$where']);
  });

  test.each([
    ['systemd refuses', 1, 'net:[1]', ''],
    ['the network is another than systemd has', 0, 'net:[2]', ''],
    ['systemd does not run', 0, 'net:[1]', 'absent'],
  ])('is started by us where %s', async (_, code, network, absent) => {
    const { host, folder } = await makeHost(code, network);
    const file = join(folder, 'made');
    const elsewhere = { ...host, managerFolder: join(host.managerFolder, absent) };
    expect(await startApart(['touch', file], 'sekisho-x', elsewhere)).toBe('this process');
    expect(await cameToBe(file)).toBe(true);
  });
});
