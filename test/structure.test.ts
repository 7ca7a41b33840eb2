import { execFile } from 'node:child_process';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { temporaryFolder } from './helpers/cleanup.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/** The import check of `npm run lint` on a copy of src/ with some files more. */
async function lintWith(files: Record<string, string>): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of ['src', 'package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
    await cp(join(ROOT, name), join(folder, name), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), `${text}\n`);
  }
  const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [program, 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'err'];
  try {
    await run(process.execPath, args, { cwd: folder });
    return 'passed';
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout);
  }
}

const PASSING = { 'src/lists/extra.ts': "export { formatAddress } from '../ip/address.js';" };

/** A file for each rule that it breaks. */
const BREAKING: readonly (readonly [rule: string, path: string, text: string])[] = [
  ['road-ip', 'src/ip/extra.ts', "export { define } from '../cli/why.js';"],
  ['road-sources', 'src/sources/extra.ts', "export * from '../formats/index.js';"],
  ['road-formats', 'src/formats/extra.ts', "export * from '../exports/documents.js';"],
  ['pure-rooms', 'src/formats/other.ts', "export { readFileSync } from 'node:fs';"],
  ['known-room', 'src/manager/extra.ts', "export * from '../util/errors.js';"],
  ['declared-packages-only', 'src/ip/other.ts', "export { default } from 'fast-check';"],
  ['no-circle', 'src/ip/one.ts', "export { two } from './two.js';\nexport type One = 1;"],
];
/** What closes the circle is for types alone. */
const OTHER_HALF = {
  'src/ip/two.ts': "import type { One } from './one.js';\nexport const two: One = 1;",
};

describe('the import check of lint', () => {
  test('passes a file that imports towards the left', async () => {
    expect(await lintWith(PASSING)).toBe('passed');
  });

  test('reports each file that breaks a rule, and no other', async () => {
    const breaking = Object.fromEntries(BREAKING.map(([, path, text]) => [path, text]));
    const said = await lintWith({ ...PASSING, ...breaking, ...OTHER_HALF });
    const errors = [...said.matchAll(/^ *error ([\w-]+): (\S+)/gm)].map(([, rule, at]) => [
      rule,
      at,
    ]);
    for (const [rule, path] of BREAKING) {
      // a circle is told of from any place in it
      const places = rule === 'no-circle' ? [path, 'src/ip/two.ts'] : [path];
      expect(errors.some(([name, at]) => name === rule && places.includes(String(at)))).toBe(true);
    }
    const ours = [...Object.keys(breaking), ...Object.keys(OTHER_HALF)];
    expect(errors.filter(([, at]) => !ours.includes(String(at)))).toEqual([]);
  });
});
