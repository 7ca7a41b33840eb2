import { KernelError, errnoName } from './errno.js';
import { type Message, parseMessages } from './netlink/message.js';
import { type SocketCalls, kernelSocketCalls } from './socket-calls.js';

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const NETLINK_NETFILTER = 12;

const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;

const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;

/** What the kernel keeps back of a send buffer (netlink_sendmsg). */
const SEND_RESERVE = 32;
/** The kernel is done with less before another thread has begun. */
const ASIDE_BYTES = 64 * 1024;
/** A dump comes in pieces of at most 32 KiB. */
const RECEIVE_BYTES = 256 * 1024;

/**
 * A netlink socket to netfilter in the network namespace of this process, blocking with a limit:
 * what the kernel has to say it says at once. Not shared between two conversations.
 */
export class NetlinkSocket {
  readonly #calls: SocketCalls;
  readonly #fd: number;
  readonly #timeoutMs: number;
  readonly #buffer = new Uint8Array(RECEIVE_BYTES);

  private constructor(calls: SocketCalls, fd: number, timeoutMs: number) {
    this.#calls = calls;
    this.#fd = fd;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @param timeoutMs how long {@link receive} waits
   * @throws KernelError where there is no netlink, or no way to call it
   */
  static open(timeoutMs: number, calls: SocketCalls = kernelSocketCalls()): NetlinkSocket {
    const fd = calls.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    if (fd < 0) throw callError('socket', fd);
    const socket = new NetlinkSocket(calls, fd, timeoutMs);
    try {
      socket.#prepare();
      return socket;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  #prepare(): void {
    const address = new Uint8Array(12); // struct sockaddr_nl: the kernel gives the port
    new Uint16Array(address.buffer, 0, 1)[0] = AF_NETLINK;
    const bound = this.#calls.bind(this.#fd, address);
    if (bound < 0) throw callError('bind', bound);
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) {
      const set = this.#calls.setOption(this.#fd, SOL_NETLINK, option, 1);
      if (set < 0) throw callError('setsockopt', set);
    }
  }

  /**
   * Sends one datagram, for which the send buffer is made large enough.
   *
   * @throws KernelError (EMSGSIZE) where it may not be so large; nothing was sent then
   */
  send(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    const sent = this.#retried(() => this.#calls.send(this.#fd, bytes));
    if (sent < 0) throw callError('send', sent);
    if (sent !== bytes.length) throw new Error(`netlink took ${sent} of ${bytes.length} bytes`);
  }

  /** Like {@link send}, on another thread where that can be done: for what keeps the kernel busy. */
  async sendAside(bytes: Uint8Array): Promise<void> {
    if (bytes.length < ASIDE_BYTES) {
      this.send(bytes);
      return;
    }
    this.#makeRoom(bytes.length);
    const sent = (await this.#calls.sendAside?.(this.#fd, bytes)) ?? -1;
    // what was refused had no effect, and tells its reason when it is sent once more
    if (sent < 0) this.send(bytes);
    else if (sent !== bytes.length)
      throw new Error(`netlink took ${sent} of ${bytes.length} bytes`);
  }

  #makeRoom(size: number): void {
    const has = (): number => this.#calls.getOption(this.#fd, SOL_SOCKET, SO_SNDBUF) - SEND_RESERVE;
    if (has() >= size) return;
    this.#setBuffer(SO_SNDBUFFORCE, SO_SNDBUF, size + SEND_RESERVE);
    const room = has();
    if (room >= size) return;
    throw new KernelError(
      'EMSGSIZE',
      `message too long: the change takes ${size} bytes at once, and this process may send ` +
        `${Math.max(room, 0)}; nothing was changed; raise the sysctl net.core.wmem_max to ${size} ` +
        'on the host (not inside a container), or give CAP_NET_ADMIN',
    );
  }

  /** Enlarges what the answers wait in, as far as allowed. */
  reserveAnswers(bytes: number): void {
    this.#setBuffer(SO_RCVBUFFORCE, SO_RCVBUF, bytes);
  }

  /** With the right to pass the system's limit, else up to it; the kernel doubles what is asked. */
  #setBuffer(forced: number, plain: number, bytes: number): void {
    if (this.#calls.setOption(this.#fd, SOL_SOCKET, forced, bytes) < 0) {
      this.#calls.setOption(this.#fd, SOL_SOCKET, plain, bytes);
    }
  }

  /**
   * The messages of the next datagram; their views hold until the next call.
   *
   * @param wait whether to wait for one; if not, and none is there, the result is empty
   * @throws KernelError `EAGAIN` when the time is up, `ENOBUFS` when the kernel had to drop answers
   */
  receive(wait = true): Message[] {
    if (wait) this.#wait();
    const length = this.#retried(() => this.#calls.receive(this.#fd, this.#buffer));
    if (length < 0) {
      const error = callError('recv', length);
      if (!wait && error.code === 'EAGAIN') return [];
      throw error;
    }
    if (length > this.#buffer.length) throw new Error(`netlink datagram of ${length} bytes`);
    return parseMessages(this.#buffer.subarray(0, length));
  }

  #wait(): void {
    const deadline = performance.now() + this.#timeoutMs;
    for (let left = this.#timeoutMs; left > 0; left = deadline - performance.now()) {
      const ready = this.#calls.waitForInput(this.#fd, Math.ceil(left));
      if (ready > 0) return;
      if (ready < 0 && errnoName(-ready) !== 'EINTR') throw callError('poll', ready);
    }
    throw new KernelError(
      'EAGAIN',
      `the kernel's netfilter gave no answer within ${this.#timeoutMs / 1000} s`,
    );
  }

  /** A signal may interrupt a call before it did anything. */
  #retried(call: () => number): number {
    for (let tries = 100; ; tries--) {
      const result = call();
      if (tries === 0 || result >= 0 || errnoName(-result) !== 'EINTR') return result;
    }
  }

  close(): void {
    this.#calls.close(this.#fd);
  }
}

const MEANINGS: Readonly<Record<string, string>> = {
  EPROTONOSUPPORT:
    'this kernel has no netfilter over netlink (nfnetlink): load the module nf_tables',
  EAFNOSUPPORT: 'there is no netlink here; a sandbox may forbid it (RestrictAddressFamilies=)',
  EPERM: 'not permitted: run as root, or with CAP_NET_ADMIN',
  EMFILE: 'too many open files: raise the limit (ulimit -n)',
  ENOBUFS: 'the kernel had to drop answers, because too many of them waited',
  ENOMEM: 'out of memory',
};

function callError(call: string, result: number): KernelError {
  const code = errnoName(-result);
  return new KernelError(code, `netlink ${call}: ${MEANINGS[code] ?? code}`);
}
