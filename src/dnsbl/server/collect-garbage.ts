import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options?: { readonly type: 'minor' }) => void;

let collect: Collect | undefined;

/**
 * Frees what this thread no longer uses, now. An index that was replaced lies in shared memory
 * until every thread has dropped it, and a thread that allocates nothing of its own would not
 * look for garbage for hours. It takes some 10 ms.
 */
export function collectGarbage(): void {
  collector()();
}

/**
 * Frees what was new at the last call and is no longer used: objects that have outlived two calls
 * are left to {@link collectGarbage}. It takes less than 1 ms.
 */
export function collectYoungGarbage(): void {
  collector()({ type: 'minor' });
}

function collector(): Collect {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  return collect;
}
