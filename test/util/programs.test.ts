import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { findProgram } from '../../src/util/programs.js';
import { temporaryFolder } from '../helpers/cleanup.js';

test('a name is looked for in folders, an absolute one where it says', async () => {
  const folder = await temporaryFolder();
  const program = join(folder, 'sekisho-tries-this');
  await writeFile(program, '#!/bin/sh\n');
  expect(findProgram(program)).toBeUndefined();
  await chmod(program, 0o755);
  expect(findProgram(program)).toBe(program);
  expect(findProgram('sekisho-tries-this')).toBeUndefined();
  expect(findProgram('sekisho-tries-this', `relative:${folder}`)).toBe(program);
});
