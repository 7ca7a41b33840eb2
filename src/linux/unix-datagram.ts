import { KernelError, errnoName } from './errno.js';
import { type Native, loadNative } from './native.js';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;
const MSG_DONTWAIT = 0x40;
/** struct sockaddr_un (unix(7)): family, then at most 108 bytes of path. */
const PATH_AT = 2;
const PATH_BYTES = 108;

/** Sends datagrams to one Unix socket; a path that begins with `@` is an abstract one. */
export class UnixDatagrams {
  readonly #path: string;
  #connected: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * From here on the path is not looked up any more, for a process that leaves it behind.
   *
   * @throws KernelError where there is no such socket, or no native calls
   */
  connect(): void {
    const native = loadNative();
    const connect = native.declare('int connect(int fd, const void *to, uint32_t size)');
    const address = socketAddress(this.#path);
    const fd = openSocket(native);
    if (connect(fd, address, address.length) < 0) {
      const error = refused('connect', native.errno());
      closeSocket(native, fd);
      throw error;
    }
    this.#connected = fd;
  }

  /** @throws KernelError where there is no such socket, nobody to read it, or no native calls */
  send(text: string): void {
    const native = loadNative();
    const bytes = Buffer.from(text);
    if (this.#connected !== undefined) {
      const send = native.declare('long send(int fd, const void *bytes, size_t size, int flags)');
      if (send(this.#connected, bytes, bytes.length, MSG_DONTWAIT) >= 0) return;
      throw refused('send', native.errno());
    }
    const send = native.declare(
      'long sendto(int fd, const void *bytes, size_t length, int flags, const void *to, uint32_t size)',
    );
    const to = socketAddress(this.#path);
    const fd = openSocket(native);
    try {
      if (send(fd, bytes, bytes.length, MSG_DONTWAIT, to, to.length) < 0) {
        throw refused('sendto', native.errno());
      }
    } finally {
      closeSocket(native, fd);
    }
  }
}

function socketAddress(path: string): Buffer {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path);
  if (name.length >= PATH_BYTES) throw new KernelError('ENAMETOOLONG', `${path} is too long`);
  const address = Buffer.alloc(PATH_AT + name.length + (path.startsWith('@') ? 0 : 1));
  new Uint16Array(address.buffer, address.byteOffset, 1)[0] = AF_UNIX;
  name.copy(address, PATH_AT);
  return address;
}

function openSocket(native: Native): number {
  const socket = native.declare('int socket(int domain, int type, int protocol)');
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw refused('socket', native.errno());
  return fd;
}

function closeSocket(native: Native, fd: number): void {
  native.declare('int close(int fd)')(fd);
}

function refused(call: string, errno: number): KernelError {
  const code = errnoName(errno);
  return new KernelError(code, `${call}: ${code}`);
}
