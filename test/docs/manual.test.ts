import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { COMMANDS } from '../../src/cli/commands.js';
import { manual } from '../../src/cli/manual.js';
import { systemTest } from '../helpers/programs.js';
import { run } from '../helpers/run.js';

const PAGE = fileURLToPath(new URL('../../docs/sekisho.8', import.meta.url));

test('the page is what `npm run docs` makes of the table of commands', async () => {
  const page = await manual();
  expect(readFileSync(PAGE, 'utf8')).toBe(page);
  for (const { name } of COMMANDS) {
    expect(page).toMatch(new RegExp(`^\\.SS "${name}[" ]`, 'm'));
  }
});

systemTest('mandoc finds no fault in it', ['mandoc'], async () => {
  const { code, stdout, stderr } = await run('mandoc', ['-T', 'lint', PAGE]);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
});
