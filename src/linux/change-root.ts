import { SystemError } from '../util/errors.js';
import { workIn } from '../util/working-folder.js';
import { KernelError, errnoName } from './errno.js';
import { type Native, loadNative } from './native.js';

/**
 * Makes a folder the root folder of this process, all its threads included, and works there from
 * then on (chroot(2)). Nothing outside can be opened any more: whatever is needed of it, such as a
 * thread, a module or a device, has to be there before.
 *
 * @throws SystemError where there is no such folder, and for everybody but root
 */
export function changeRoot(folder: string): void {
  const native = nativeFor(folder);
  const chroot = native.declare('int chroot(const void *path)');
  workIn(folder);
  if (chroot(Buffer.from('.\0')) !== 0) {
    const code = errnoName(native.errno());
    throw new SystemError(`cannot make ${folder} the root folder: ${code}; start it as root`);
  }
  workIn('/');
}

function nativeFor(folder: string): Native {
  try {
    return loadNative();
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw new SystemError(`cannot make ${folder} the root folder: ${error.message}`);
  }
}
