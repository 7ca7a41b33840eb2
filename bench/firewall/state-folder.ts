import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

import { loadConfig } from '../../src/config/load.js';
import { keepCountries } from '../../src/sources/open-state.js';
import { sourcesFolder } from '../../src/sources/store.js';

/** A state folder as a fetch of these files leaves it. */
export async function storeFiles(
  folder: string,
  configuration: string,
  paths: readonly string[],
): Promise<string> {
  const state = join(folder, 'state');
  mkdirSync(sourcesFolder(state), { recursive: true });
  for (const path of paths) {
    const name = basename(path).replace(/-\d+$/, '');
    copyFileSync(path, join(sourcesFolder(state), name));
  }
  await keepCountries(loadConfig(configuration));
  return state;
}

/** A host of its own: configuration and fetched files of another, and nothing applied. */
export function freshHost(own: string, label: string, configuration: string): string {
  const host = join(own, `host-${label}`);
  mkdirSync(join(host, 'state'), { recursive: true });
  symlinkSync(configuration, join(host, 'sekisho.yaml'));
  symlinkSync(sourcesFolder(join(own, 'state')), sourcesFolder(join(host, 'state')));
  return host;
}
