import { loadNative } from './native.js';

/**
 * The system calls that a netlink socket needs, as the kernel itself answers them: a result of
 * 0 or more, or −errno. Their own interface, so that a test can answer instead of a kernel.
 */
export interface SocketCalls {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array): number;
  setOption(fd: number, level: number, option: number, value: number): number;
  getOption(fd: number, level: number, option: number): number;
  send(fd: number, bytes: Uint8Array): number;
  /** The same on another thread. Resolves to a negative number where it was refused. */
  sendAside?(fd: number, bytes: Uint8Array): Promise<number>;
  /** Into `bytes`; the datagram's whole length is the result, even if not all found room. */
  receive(fd: number, bytes: Uint8Array): number;
  /** Waits until there is something to receive: 1, or 0 when the time is up. */
  waitForInput(fd: number, timeoutMs: number): number;
  close(fd: number): number;
}

const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const POLLIN = 1;

let calls: SocketCalls | undefined;

/** The kernel's own. @throws KernelError (ENOSYS) where native calls are not available */
export function kernelSocketCalls(): SocketCalls {
  calls ??= declareCalls();
  return calls;
}

function declareCalls(): SocketCalls {
  const native = loadNative();
  const socket = native.declare('int socket(int domain, int type, int protocol)');
  const bind = native.declare('int bind(int fd, const void *address, uint32_t length)');
  const set = native.declare(
    'int setsockopt(int fd, int level, int option, const void *value, uint32_t length)',
  );
  const get = native.declare(
    'int getsockopt(int fd, int level, int option, void *value, void *length)',
  );
  const send = native.declare('long send(int fd, const void *bytes, size_t length, int flags)');
  const recv = native.declare('long recv(int fd, void *bytes, size_t length, int flags)');
  const poll = native.declare('int poll(void *fds, unsigned long count, int timeout)');
  const close = native.declare('int close(int fd)');
  const result = (value: number): number => (value < 0 ? -native.errno() : value);

  return {
    socket: (domain, type, protocol) => result(socket(domain, type, protocol)),
    bind: (fd, address) => result(bind(fd, address, address.length)),
    setOption: (fd, level, option, value) =>
      result(set(fd, level, option, bytesOf(Int32Array.of(value)), 4)),
    getOption(fd, level, option) {
      const value = new Int32Array(1);
      const code = result(get(fd, level, option, bytesOf(value), bytesOf(Uint32Array.of(4))));
      return code < 0 ? code : (value[0] as number);
    },
    send: (fd, bytes) => result(send(fd, bytes, bytes.length, 0)),
    sendAside: (fd, bytes) => native.aside(send, fd, bytes, bytes.length, 0),
    receive: (fd, bytes) => result(recv(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_TRUNC)),
    waitForInput: (fd, timeoutMs) => result(poll(pollRequest(fd), 1, timeoutMs)),
    close: (fd) => result(close(fd)),
  };
}

function bytesOf(numbers: Int32Array | Uint32Array): Uint8Array {
  return new Uint8Array(numbers.buffer);
}

/** struct pollfd: an int, and two shorts of which the second is the answer's. */
function pollRequest(fd: number): Uint8Array {
  const request = new Uint8Array(8);
  new Int32Array(request.buffer, 0, 1)[0] = fd;
  new Int16Array(request.buffer, 4, 1)[0] = POLLIN;
  return request;
}
