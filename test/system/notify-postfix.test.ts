import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';

import { temporaryFolder } from '../helpers/cleanup.js';
import { Namespace } from '../helpers/namespace.js';
import { POSTFIX_NEEDS, Postfix } from '../helpers/postfix.js';
import { systemTest } from '../helpers/programs.js';
import { MAIN } from '../helpers/sekisho.js';

systemTest('Postfix takes a notification by SMTP', POSTFIX_NEEDS, async () => {
  const network = await Namespace.create();
  const postfix = await Postfix.start(network);
  const folder = await temporaryFolder();
  await writeFile(
    join(folder, 'sekisho.yaml'),
    `state: state
sources: { registries: [apnic], urls: { apnic: ['http://127.0.0.1:1/apnic'] }, tries: 1 }
lists: { east: { countries: [KR] } }
notify: { mail: { to: [admin@test.example], from: sekisho@test.example, server: '127.0.0.1:2525' } }
`,
  );
  // a setgid program would gain nothing here, as in the service units
  const words = ['--no-new-privs', process.execPath, MAIN, 'update', '--quiet'];
  const { code, stderr } = await network.run('setpriv', words, { cwd: folder });
  expect(code).toBe(1);
  expect(stderr).not.toContain('notify.mail');
  await expect
    .poll(() => postfix.log(), { timeout: 10_000, interval: 50 })
    .toMatch(/to=<admin@test\.example>.*status=sent/);
  expect(postfix.log()).toMatch(/from=<sekisho@test\.example>/);
});
