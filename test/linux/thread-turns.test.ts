import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';

import { describe, expect, test } from 'vitest';

import { builtFile } from '../../src/util/program-path.js';

const MODULE = builtFile('linux/thread-turns.js').href;

/** What a thread of its own says of itself after `code`. */
async function inThread(code: string): Promise<{ result: unknown; nice: number }> {
  const text = `
    const { getPriority } = require('node:os');
    const { parentPort } = require('node:worker_threads');
    import(${JSON.stringify(MODULE)}).then(({ becomeNice, takeShortTurns }) => {
      const result = ${code};
      parentPort.postMessage({ result, nice: getPriority(0) });
    });`;
  const thread = new Worker(text, { eval: true });
  const [message] = (await once(thread, 'message')) as [{ result: unknown; nice: number }];
  await thread.terminate();
  return message;
}

describe.runIf(process.platform === 'linux')('turns of threads', () => {
  test('one becomes nice, and the others stay as they are', async () => {
    const before = getPriority(0);
    const nicer = before + 3;
    expect(await inThread(`becomeNice(${nicer})`)).toEqual({ result: true, nice: nicer });
    expect(getPriority(0)).toBe(before);
  });

  test('other threads are made nice: those of Node.js, which are there from the start', async () => {
    const text = `
      import(${JSON.stringify(MODULE)}).then(({ makeNice, otherThreads }) => {
        const { getPriority } = process.getBuiltinModule('node:os');
        const threads = otherThreads();
        const before = getPriority(0);
        const parent = getPriority(process.ppid);
        makeNice([...threads, 2 ** 22 + 1, process.ppid], before + 3);
        const nice = threads.map((id) => getPriority(id) - before);
        const others = [getPriority(0) - before, getPriority(process.ppid) - parent];
        console.log(JSON.stringify({ nice: [...new Set(nice)], others }));
      });`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', text]);
    expect(JSON.parse(stdout)).toEqual({ nice: [3], others: [0, 0] });
  });

  test('nobody becomes less nice', async () => {
    const nice = getPriority(0) + 3;
    const code = `[becomeNice(${nice}), becomeNice(${nice - 2})]`;
    expect(await inThread(code)).toEqual({ result: [true, true], nice });
  });

  test.runIf(process.arch === 'x64' || process.arch === 'arm64')(
    'short turns are taken by the kernel, and change nothing else',
    async () => {
      const nice = getPriority(0) + 1;
      const code = `[becomeNice(${nice}), takeShortTurns()]`;
      expect(await inThread(code)).toEqual({ result: [true, true], nice });
    },
  );
});
