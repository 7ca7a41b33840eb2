import { KernelError, errnoName } from './errno.js';
import { loadNative } from './native.js';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;
const MSG_DONTWAIT = 0x40;
/** struct sockaddr_un (unix(7)): family, then at most 108 bytes of path. */
const PATH_AT = 2;
const PATH_BYTES = 108;

/**
 * Sends one datagram to a Unix socket; a path that begins with `@` is an abstract one.
 *
 * @throws KernelError where there is no such socket, nobody to read it, or no native calls
 */
export function sendUnixDatagram(path: string, text: string): void {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path);
  if (name.length >= PATH_BYTES) throw new KernelError('ENAMETOOLONG', `${path} is too long`);
  const native = loadNative();
  const address = Buffer.alloc(PATH_AT + name.length + (path.startsWith('@') ? 0 : 1));
  new Uint16Array(address.buffer, address.byteOffset, 1)[0] = AF_UNIX;
  name.copy(address, PATH_AT);
  const bytes = Buffer.from(text);
  const fd = native.declare('int socket(int domain, int type, int protocol)')(
    AF_UNIX,
    SOCK_DGRAM | SOCK_CLOEXEC,
    0,
  );
  if (fd < 0) throw refused('socket', native.errno());
  try {
    const send = native.declare(
      'long sendto(int fd, const void *bytes, size_t length, int flags, const void *to, uint32_t size)',
    );
    const sent = send(fd, bytes, bytes.length, MSG_DONTWAIT, address, address.length);
    if (sent < 0) throw refused('sendto', native.errno());
  } finally {
    native.declare('int close(int fd)')(fd);
  }
}

function refused(call: string, errno: number): KernelError {
  const code = errnoName(errno);
  return new KernelError(code, `${call}: ${code}`);
}
