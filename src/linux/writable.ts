import { type Native, loadNative, nativeObstacle } from './native.js';

const POLLOUT = 4;

let poll: ReturnType<Native['declare']> | undefined;

/**
 * Whether a write of at most PIPE_BUF (4,096) bytes would be taken at once (poll(2), pipe(7));
 * true where there is no way to ask.
 */
export function isWritableNow(fd: number): boolean {
  if (nativeObstacle() !== undefined) return true;
  poll ??= loadNative().declare('int poll(void *requests, unsigned long count, int timeout)');
  const request = new Uint8Array(8);
  new Int32Array(request.buffer, 0, 1)[0] = fd;
  new Int16Array(request.buffer, 4, 1)[0] = POLLOUT;
  return poll(request, 1, 0) > 0;
}
