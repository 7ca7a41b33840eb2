import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { temporaryFolder } from './cleanup.js';
import type { Namespace } from './namespace.js';

/** For Agent.start: asks without pause, throws rubbish, holds connections. */
export const LOAD = fileURLToPath(new URL('./dns-load.mjs', import.meta.url));

interface Place {
  readonly address: string;
  readonly port?: number;
  readonly options?: readonly string[];
}

/** One question by dig: status and the data of the answers, as in `NOERROR 127.0.0.2`. */
export async function ask(
  network: Namespace,
  name: string,
  type: string,
  { address, port = 5300, options = [] }: Place = { address: '127.0.0.1' },
): Promise<string> {
  const show = ['+noall', '+comments', '+answer', '+tries=1', '+timeout=2'];
  const words = [...show, ...options, '-p', String(port), `@${address}`, '-t', type, name];
  const { stdout } = await network.run('dig', words);
  const status = /status: (\w+)/.exec(stdout)?.[1];
  if (status === undefined) return 'no reply';
  const answers = [...stdout.matchAll(/^[^;\s]\S*\s+\d+\s+IN\s+\S+\s+(.*)$/gm)];
  return [status, ...answers.map((match) => match[1] as string).sort()].join(' ');
}

/** A copy of the built program that finds no package, and the driver of test/helpers beside it. */
export async function folderWithoutKoffi(): Promise<{
  driver: string;
  env: Record<string, string>;
}> {
  const folder = await temporaryFolder();
  const dist = join(folder, 'dist');
  await mkdir(dist);
  for (const room of ['linux', 'util', 'dnsbl', 'ip']) {
    const from = fileURLToPath(new URL(`../../dist/${room}`, import.meta.url));
    await cp(from, join(dist, room), { recursive: true });
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  for (const name of ['dns-server.mjs', 'dns-zone-loader.mjs']) {
    await cp(fileURLToPath(new URL(name, import.meta.url)), join(folder, name));
  }
  return {
    driver: join(folder, 'dns-server.mjs'),
    env: { SEKISHO_TEST_DIST: `${pathToFileURL(dist).href}/` },
  };
}
