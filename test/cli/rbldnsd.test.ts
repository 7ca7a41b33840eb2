import { describe, expect, test, vi } from 'vitest';

import { runRbldnsd } from '../../src/cli/rbldnsd.js';
import { EXIT } from '../../src/util/errors.js';

const noServer = (): Promise<never> => Promise.reject(new Error('served'));

/** Runs it and collects what it writes. */
async function runWith(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.out += String(text);
    return true;
  });
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written.err += String(text);
    return true;
  });
  try {
    return { code: await runRbldnsd(argv, noServer), ...written };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

describe("rbldnsd's arguments", () => {
  test('-h ends with 0 and tells of -6, as its own tests ask', async () => {
    const { code, out } = await runWith('-h');
    expect(code).toBe(EXIT.done);
    expect(out).toMatch(/^ -6 /m);
  });

  test('nothing, and what is wrong, end with 1', async () => {
    expect(await runWith()).toMatchObject({ code: EXIT.failed, err: '' });
    expect(await runWith('-n')).toMatchObject({
      code: EXIT.failed,
      err: expect.stringContaining('no zone was named'),
    });
  });
});
