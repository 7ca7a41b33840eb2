import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { Namespace } from '../helpers/namespace.js';
import { Driver } from '../helpers/nf-tables-driver.js';
import { NEEDS } from '../helpers/nf-tables-sets.js';
import { systemTest } from '../helpers/programs.js';
import { run } from '../helpers/run.js';

systemTest('without koffi it says so, and what to do', [], async () => {
  const folder = await temporaryFolder();
  const dist = fileURLToPath(new URL('../../dist', import.meta.url));
  for (const room of ['linux', 'util']) {
    await cp(join(dist, room), join(folder, room), { recursive: true });
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const script = `
    import { available } from './linux/native.js';
    import { changeElements } from './linux/change-elements.js';
    console.log(JSON.stringify(available()));
    const change = { table: 't', set: 's', words: 1, flush: true };
    try { changeElements([change]); } catch (error) { console.log(error.code, error.exitCode); }`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
  });
  const [available, thrown] = stdout.split('\n');
  expect(JSON.parse(available ?? '')).toEqual({
    ok: false,
    reason: expect.stringMatching(
      /^native calls are not available: Cannot find module 'koffi'; install the package koffi \(npm install koffi\), or let the program nft do the work$/,
    ),
  });
  expect(thrown).toBe('ENOSYS 1');
});

systemTest('where koffi is, it is available', NEEDS, async () => {
  const driver = await Driver.start(await Namespace.create());
  expect(await driver.available()).toEqual({ ok: true });
});
