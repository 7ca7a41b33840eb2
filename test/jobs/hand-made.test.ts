import { expect, test, vi } from 'vitest';

vi.mock('node:os', async (original) => ({
  ...(await original<object>()),
  userInfo: () => {
    throw new Error('uv_os_get_passwd returned ENOENT (no such file or directory)');
  },
}));

import { authorName } from '../../src/jobs/hand-made.js';

test('who has no account, as in a container, is named by number', () => {
  expect(authorName({})).toBe(`uid-${process.getuid?.()}`);
  expect(authorName({ SUDO_USER: 'kay', DOAS_USER: 'lee' })).toBe('kay');
});
