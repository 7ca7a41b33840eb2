import { available, loadNative } from './native.js';
import { KernelError, errnoName } from './errno.js';

const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * flock(2): locks an open file for this process alone, unless somebody else has it; does not wait.
 *
 * @returns whether the lock is ours; undefined where native calls do not work here
 * @throws KernelError where the system refuses for another reason
 */
export function tryLock(file: number): boolean | undefined {
  if (!available().ok) return undefined;
  const native = loadNative();
  const flock = native.declare('int flock(int fd, int operation)');
  for (;;) {
    if (flock(file, LOCK_EX | LOCK_NB) === 0) return true;
    const code = errnoName(native.errno());
    if (code === 'EAGAIN') return false;
    if (code !== 'EINTR') throw new KernelError(code, `flock: ${code}`);
  }
}
