import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished, TestRunner } from 'vitest';

type Cleanup = () => unknown;

const leftForTheEnd: Cleanup[] = [];

// Each test file imports its own copy of this module, so this is the file's end.
afterAll(async () => {
  const failures: unknown[] = [];
  for (const cleanup of leftForTheEnd.splice(0).reverse()) {
    try {
      await cleanup();
    } catch (error) {
      failures.push(error); // the rest has to go all the same
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'could not clean up');
});

/**
 * Runs `cleanup` when the current test ends, pass or fail, last registered first;
 * outside of a test (in beforeAll, say) when the file's last test has ended.
 * Not for `test.concurrent`, where no test is the current one.
 */
export function cleanUp(cleanup: Cleanup): void {
  if (TestRunner.getCurrentTest() === undefined) {
    leftForTheEnd.push(cleanup);
  } else {
    onTestFinished(async () => {
      await cleanup();
    });
  }
}

/**
 * A new empty folder, removed by {@link cleanUp}. Everyone may read it: daemons
 * that give up root read their files as somebody else.
 */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sekisho-test-'));
  await chmod(folder, 0o755);
  cleanUp(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
