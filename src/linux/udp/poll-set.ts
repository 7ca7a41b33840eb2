import { errnoName } from '../errno.js';
import type { UdpCalls } from './calls.js';

const POLLIN = 1;

/** Several sockets to wait for at once: poll(2) over memory that is laid out once. */
export class PollSet {
  readonly #calls: UdpCalls;
  readonly #count: number;
  readonly #shorts: Int16Array;
  readonly #address: bigint;

  constructor(calls: UdpCalls, descriptors: readonly number[]) {
    this.#calls = calls;
    this.#count = descriptors.length;
    const memory = new ArrayBuffer(descriptors.length * 8);
    const ints = new Int32Array(memory);
    this.#shorts = new Int16Array(memory);
    for (const [k, fd] of descriptors.entries()) {
      ints[2 * k] = fd;
      this.#shorts[4 * k + 2] = POLLIN;
    }
    this.#address = calls.addressOf(memory);
  }

  /** @returns how many sockets have something; 0 when the time is up, or −errno */
  wait(timeoutMs: number): number {
    const ready = this.#calls.poll(this.#address, this.#count, timeoutMs);
    return ready < 0 && errnoName(-ready) === 'EINTR' ? 0 : ready;
  }

  /** Whether socket number `k` had something (or an error to tell) at the last wait. */
  isReady(k: number): boolean {
    return this.#shorts[4 * k + 3] !== 0;
  }
}
