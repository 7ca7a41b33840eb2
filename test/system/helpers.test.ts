import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/cleanup.js';
import { missing } from '../helpers/programs.js';
import { run } from '../helpers/run.js';
import { freePort, startServer } from '../helpers/server.js';

const node = process.execPath;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // no such process
  }
}

describe('run', () => {
  test('hands on input and environment, returns code and both outputs', async () => {
    const script = 'cat; echo "$WORD" >&2; exit 3';
    const result = await run('sh', ['-c', script], { input: 'in\n', env: { WORD: 'err' } });
    expect(result).toEqual({ code: 3, stdout: 'in\n', stderr: 'err\n' });
  });

  test('throws for a program that is not there or does not end', async () => {
    await expect(run('no-such-program')).rejects.toThrow('program not found: no-such-program');
    await expect(run('sleep', ['60'], { timeoutMs: 100 })).rejects.toThrow('timed out');
  });
});

describe('startServer', () => {
  const forever = 'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)';

  test('ends a server that ignores SIGTERM', async () => {
    const flag = join(await temporaryFolder(), 'up');
    const script = `${forever}; fs.writeFileSync(process.argv[1], "")`;
    const server = await startServer(node, ['-e', script, flag], { ready: () => existsSync(flag) });
    expect(isAlive(server.pid)).toBe(true);
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
    expect(server.output()).toBe('up\n');
    await server.stop(); // once more does no harm
  });

  test('says what a server wrote that ended or was never ready', async () => {
    const failing = startServer('sh', ['-c', 'echo no such zone; exit 1'], { ready: () => false });
    await expect(failing).rejects.toThrow(/sh ended at once:\nno such zone/);
    const slow = startServer('sh', ['-c', 'echo up; exec sleep 60'], {
      ready: () => false,
      timeoutMs: 500,
    });
    await expect(slow).rejects.toThrow(/was not ready after 500 ms:\nup/);
  });
});

describe('cleaning up', () => {
  let left = '';

  test('a temporary folder is there during the test', async () => {
    left = await temporaryFolder();
    expect(existsSync(left)).toBe(true);
  });

  test('and gone after it', () => expect(existsSync(left)).toBe(false));
});

test('a free port can be listened on', async () => {
  const server = createServer().listen(await freePort(), '127.0.0.1');
  await once(server, 'listening');
  server.close();
});

test('what is missing is named', () => {
  expect(missing('sh', 'no-such-program', 'nor-this')).toBe('needs no-such-program, nor-this');
  expect(missing('sh')).toBeUndefined();
});
