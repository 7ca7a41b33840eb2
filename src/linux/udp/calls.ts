import { endianness } from 'node:os';

import { type Native, loadNative, nativeObstacle } from '../native.js';

/** The system calls that datagrams in batches need; a result of 0 or more, or −errno. */
export interface UdpCalls {
  socket(family: number): number;
  bind(fd: number, address: Uint8Array): number;
  setOption(fd: number, level: number, option: number, value: Uint8Array): number;
  close(fd: number): number;
  /** @param messages address of an array of `struct mmsghdr` */
  receive(fd: number, messages: bigint, count: number, flags: number): number;
  send(fd: number, messages: bigint, count: number): number;
  /** @param requests address of an array of `struct pollfd` */
  poll(requests: bigint, count: number, timeoutMs: number): number;
  addressOf(memory: ArrayBuffer): bigint;
}

const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;

let calls: UdpCalls | undefined;

/** The kernel's own. @throws KernelError (ENOSYS) where native calls are not available */
export function udpCalls(): UdpCalls {
  calls ??= declareCalls(loadNative());
  return calls;
}

/** Why datagrams cannot be handled in batches here; undefined where they can. */
export function batchObstacle(): string | undefined {
  if (process.platform !== 'linux') return `${process.platform} has no recvmmsg`;
  const is64 = !['arm', 'ia32', 'mips', 'mipsel', 'ppc', 's390'].includes(process.arch);
  // glibc's and musl's mmsghdr agree there, and the layout below was written for it
  if (!is64 || endianness() !== 'LE') return `memory of ${process.arch} is laid out differently`;
  return nativeObstacle();
}

function declareCalls(native: Native): UdpCalls {
  const socket = native.declare('int socket(int domain, int type, int protocol)');
  const bind = native.declare('int bind(int fd, const void *address, uint32_t length)');
  const set = native.declare(
    'int setsockopt(int fd, int level, int option, const void *value, uint32_t length)',
  );
  const close = native.declare('int close(int fd)');
  const receive = native.declare(
    'int recvmmsg(int fd, void *messages, uint32_t count, int flags, void *timeout)',
  );
  const send = native.declare('int sendmmsg(int fd, void *messages, uint32_t count, int flags)');
  const poll = native.declare('int poll(void *requests, unsigned long count, int timeout)');
  const result = (value: number): number => (value < 0 ? -native.errno() : value);
  return {
    socket: (family) => result(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
    bind: (fd, address) => result(bind(fd, address, address.length)),
    setOption: (fd, level, option, value) => result(set(fd, level, option, value, value.length)),
    close: (fd) => result(close(fd)),
    receive: (fd, messages, count, flags) => result(receive(fd, messages, count, flags, null)),
    send: (fd, messages, count) => result(send(fd, messages, count, 0)),
    poll: (requests, count, timeoutMs) => result(poll(requests, count, timeoutMs)),
    addressOf: (memory) => native.addressOf(memory),
  };
}
