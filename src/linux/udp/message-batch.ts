import { errnoName } from '../errno.js';
import type { UdpCalls } from './calls.js';
import { AF_INET, SOCKET_ADDRESS } from './socket-address.js';

/** Datagrams that are received, and sent, by one call. */
export const BATCH = 64;
/** Longest datagram; what is longer is cut. */
export const DATAGRAM_BYTES = 1280;

const MSG_DONTWAIT = 0x40;
const MSG_WAITFORONE = 0x10000;

/* struct mmsghdr of recvmmsg(2), 64-bit, little-endian: where its parts lie, in bytes. */
const HEADER_BYTES = 64;
const NAME = 0;
const NAME_LENGTH = 8;
const VECTOR = 16;
const VECTOR_COUNT = 24;
const CONTROL = 32;
const CONTROL_LENGTH = 40;
const LENGTH = 56;
/* struct iovec */
const VECTOR_BYTES = 16;
const VECTOR_LENGTH = 8;

const NAME_BYTES = 32;
/** One cmsghdr (16 bytes) with in6_pktinfo (20) or in_pktinfo (12), and no more. */
const CONTROL_BYTES = 40;
/** The interface's number: behind the address in in6_pktinfo, before all else in in_pktinfo. */
const INTERFACE4 = 16;
const INTERFACE6 = 32;

/**
 * Memory for a batch of datagrams, laid out once as recvmmsg(2) and sendmmsg(2) want it. A reply
 * is written in the place of its query and goes back to where that came from, from the address
 * that it was sent to. Nothing is allocated for a datagram.
 */
export class MessageBatch {
  /** All datagrams: number `k` begins at `k * DATAGRAM_BYTES + dataAt`. */
  readonly bytes: Uint8Array;
  readonly dataAt: number;

  readonly #calls: UdpCalls;
  readonly #words: Uint32Array;
  readonly #headers: readonly bigint[];
  readonly #vectorAt: number;
  readonly #nameAt: number;
  readonly #controlAt: number;
  /** How many headers are not as they have to be for the next call. */
  #used = BATCH;

  constructor(calls: UdpCalls) {
    this.#calls = calls;
    this.#vectorAt = BATCH * HEADER_BYTES;
    this.#nameAt = this.#vectorAt + BATCH * VECTOR_BYTES;
    this.#controlAt = this.#nameAt + BATCH * NAME_BYTES;
    this.dataAt = this.#controlAt + BATCH * CONTROL_BYTES;
    const memory = new ArrayBuffer(this.dataAt + BATCH * DATAGRAM_BYTES);
    this.bytes = new Uint8Array(memory);
    this.#words = new Uint32Array(memory);
    const base = calls.addressOf(memory);
    this.#headers = Array.from({ length: BATCH }, (_, k) => base + BigInt(k * HEADER_BYTES));
    const view = new DataView(memory);
    for (let k = 0; k < BATCH; k++) {
      const header = k * HEADER_BYTES;
      const vector = this.#vectorAt + k * VECTOR_BYTES;
      const put = (at: number, address: number): void => {
        view.setBigUint64(at, base + BigInt(address), true);
      };
      put(header + NAME, this.#nameAt + k * NAME_BYTES);
      put(header + VECTOR, vector);
      put(header + CONTROL, this.#controlAt + k * CONTROL_BYTES);
      view.setBigUint64(header + VECTOR_COUNT, 1n, true);
      put(vector, this.dataAt + k * DATAGRAM_BYTES);
    }
  }

  /**
   * Receives what is there, up to BATCH datagrams.
   *
   * @param wait for a first one, as long as the socket's time limit says
   * @returns how many; 0 where there was none, or −errno
   */
  receive(fd: number, wait: boolean): number {
    for (let k = 0; k < this.#used; k++) {
      const header = (k * HEADER_BYTES) >>> 2;
      this.#words[header + (NAME_LENGTH >>> 2)] = NAME_BYTES;
      this.#words[header + (CONTROL_LENGTH >>> 2)] = CONTROL_BYTES;
      this.#setVectorLength(k, DATAGRAM_BYTES);
    }
    const flags = wait ? MSG_WAITFORONE : MSG_WAITFORONE | MSG_DONTWAIT;
    const count = this.#calls.receive(fd, this.#headers[0] as bigint, BATCH, flags);
    this.#used = Math.max(0, count);
    if (count >= 0) return count;
    const code = errnoName(-count);
    return code === 'EAGAIN' || code === 'EINTR' ? 0 : count;
  }

  /** Bytes of a datagram that was received. */
  lengthOf(k: number): number {
    return this.#words[(k * HEADER_BYTES + LENGTH) >>> 2] as number;
  }

  /** What goes back in place of datagram `k`; 0 for nothing. */
  setReply(k: number, length: number): void {
    this.#setVectorLength(k, length);
  }

  /** Place in `bytes` of the sender's address, and whether it is an IPv4 one. */
  senderAt(k: number): number {
    const at = this.#nameAt + k * NAME_BYTES;
    return this.isSender4(k) ? at + SOCKET_ADDRESS.address4 : at + SOCKET_ADDRESS.address6;
  }

  isSender4(k: number): boolean {
    return this.bytes[this.#nameAt + k * NAME_BYTES] === AF_INET;
  }

  /**
   * Sends the replies of the first `count` datagrams. What the kernel does not take (no route, no
   * room in time) is lost, as datagrams may be.
   *
   * @returns how many were lost
   */
  send(fd: number, count: number): number {
    let lost = 0;
    for (let from = 0; from < count;) {
      if (this.#replyLength(from) === 0) {
        from++;
        continue;
      }
      let to = from;
      for (; to < count && this.#replyLength(to) > 0; to++) this.#forgetInterface(to);
      lost += this.#sendRun(fd, from, to);
      from = to;
    }
    return lost;
  }

  #sendRun(fd: number, first: number, to: number): number {
    let lost = 0;
    for (let from = first; from < to;) {
      const sent = this.#calls.send(fd, this.#headers[from] as bigint, to - from);
      if (sent > 0) {
        from += sent;
      } else if (errnoName(-sent) !== 'EINTR') {
        lost++;
        from++;
      }
    }
    return lost;
  }

  /** The reply's way is chosen anew: it may not be the way that the query came. */
  #forgetInterface(k: number): void {
    const header = k * HEADER_BYTES;
    if (this.#words[(header + CONTROL_LENGTH) >>> 2] === 0) return;
    const at = this.#controlAt + k * CONTROL_BYTES;
    this.#words[(at + (this.isSender4(k) ? INTERFACE4 : INTERFACE6)) >>> 2] = 0;
  }

  #replyLength(k: number): number {
    return this.#words[(this.#vectorAt + k * VECTOR_BYTES + VECTOR_LENGTH) >>> 2] as number;
  }

  #setVectorLength(k: number, length: number): void {
    this.#words[(this.#vectorAt + k * VECTOR_BYTES + VECTOR_LENGTH) >>> 2] = length;
  }
}
