import { constants } from 'node:os';

import { MessageWriter, parseMessages } from '../../src/linux/netlink/message.js';
import type { SocketCalls } from '../../src/linux/socket-calls.js';

const { errno } = constants;
export type Errno = keyof typeof errno;

const SO_SNDBUF = 7;
const SO_SNDBUFFORCE = 32;

/** One datagram, or the error that receiving it gives. */
export type Reply = Uint8Array | Errno;

export interface FakeKernelOptions {
  /** What it says to the n-th datagram sent; the request's own messages can be looked at. */
  answer?: (sent: Uint8Array, index: number) => Reply[];
  /** What SO_SNDBUF reads at first, and at most. */
  sendBuffer?: { first: number; most: number };
  /** May SO_SNDBUFFORCE pass that limit? */
  mayForce?: boolean;
  /** Calls that are interrupted by a signal the first time. */
  interrupted?: ('send' | 'receive' | 'waitForInput')[];
}

/** The calls of a netlink socket, answered by a test. Records what was sent, opened and closed. */
export class FakeKernel implements SocketCalls {
  readonly sent: Uint8Array[] = [];
  opened = 0;
  closed = 0;
  #waiting: Reply[] = [];
  readonly #options: FakeKernelOptions;
  readonly #interrupted: Set<string>;
  #sendBuffer: number;

  constructor(options: FakeKernelOptions = {}) {
    this.#options = options;
    this.#interrupted = new Set(options.interrupted);
    this.#sendBuffer = options.sendBuffer?.first ?? 1 << 20;
  }

  socket(): number {
    this.opened += 1;
    this.#waiting = [];
    return 99;
  }

  bind(): number {
    return 0;
  }

  setOption(_fd: number, _level: number, option: number, value: number): number {
    const { mayForce = true, sendBuffer } = this.#options;
    if (option === SO_SNDBUFFORCE && !mayForce) return -errno.EPERM;
    if (option === SO_SNDBUF && sendBuffer !== undefined) {
      this.#sendBuffer = Math.min(2 * value, sendBuffer.most);
    }
    if (option === SO_SNDBUFFORCE) this.#sendBuffer = 2 * value;
    return 0;
  }

  getOption(_fd: number, _level: number, option: number): number {
    return option === SO_SNDBUF ? this.#sendBuffer : -errno.ENOPROTOOPT;
  }

  send(_fd: number, bytes: Uint8Array): number {
    if (this.#interrupted.delete('send')) return -errno.EINTR;
    if (bytes.length > this.#sendBuffer - 32) return -errno.EMSGSIZE;
    this.sent.push(bytes.slice());
    this.#waiting.push(...(this.#options.answer?.(bytes, this.sent.length - 1) ?? []));
    return bytes.length;
  }

  receive(_fd: number, bytes: Uint8Array): number {
    if (this.#interrupted.delete('receive')) return -errno.EINTR;
    const reply = this.#waiting.shift();
    if (reply === undefined) return -errno.EAGAIN;
    if (typeof reply === 'string') return -errno[reply];
    bytes.set(reply);
    return reply.length;
  }

  waitForInput(_fd: number, timeoutMs: number): number {
    if (this.#interrupted.delete('waitForInput')) return -errno.EINTR;
    if (this.#waiting.length > 0) return 1;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs); // as poll(2) does
    return 0;
  }

  close(): number {
    this.closed += 1;
    return 0;
  }
}

/** Sequence numbers of what was sent. */
export function sequencesOf(sent: Uint8Array): number[] {
  return parseMessages(sent).map(({ sequence }) => sequence);
}

/** An error or, with 0, an acknowledgement of the message with this number. */
export function answerTo(sequence: number, code: Errno | 0): Uint8Array {
  const bytes = new Uint8Array(36);
  const view = new Uint32Array(bytes.buffer);
  view[0] = 36;
  new Uint16Array(bytes.buffer)[2] = 2; // NLMSG_ERROR
  view[2] = sequence;
  view[4] = code === 0 ? 0 : -errno[code];
  view[5] = 36;
  view[7] = sequence;
  return bytes;
}

/** A message that begins with nfgenmsg, as nf_tables sends; `fill` adds its attributes. */
export function message(
  type: number,
  flags: number,
  resource: number,
  fill: (writer: MessageWriter) => void = () => undefined,
): Uint8Array {
  const writer = new MessageWriter();
  const start = writer.begin(type, flags, 2, 1, resource);
  fill(writer);
  writer.end(start);
  return writer.bytes;
}
