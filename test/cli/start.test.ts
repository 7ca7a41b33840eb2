import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { run } from '../helpers/run.js';
import { MAIN, sekisho } from '../helpers/sekisho.js';

/** Sends SIGUSR1 to its own process when the program's modules are read, and waits a moment. */
const SIGNAL = `
const fs = require('node:fs');
const read = fs.readFileSync;
fs.readFileSync = (path, ...more) => {
  if (/bundle/.test(String(path)) && String(path).endsWith('.cjs')) {
    process.kill(process.pid, 'SIGUSR1');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    process.stderr.write('signalled\\n');
  }
  return read(path, ...more);
};
require('node:module').syncBuiltinESMExports();
`;

test('SIGUSR1 opens no inspector, not even while the program is being loaded', async () => {
  const file = join(await temporaryFolder(), 'signal.cjs');
  await writeFile(file, SIGNAL);
  const { code, stdout, stderr } = await run(process.execPath, ['-r', file, MAIN, '--version']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: 'signalled\n' });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('serve without the configuration that it was given says which', async () => {
  const { code, stderr } = await sekisho(['serve', '--config', '/nonexistent/sekisho.yaml']);
  expect([code, stderr]).toEqual([
    2,
    'sekisho: the configuration cannot be read: /nonexistent/sekisho.yaml: no such file or directory\n',
  ]);
});
