import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

import type { UdpCalls } from '../../linux/udp/calls.js';
import { DATAGRAM_BYTES, MessageBatch } from '../../linux/udp/message-batch.js';
import { PollSet } from '../../linux/udp/poll-set.js';
import { KernelError, errnoName } from '../../linux/errno.js';
import { get32 } from '../wire/bytes.js';
import { Client } from '../answer/client.js';
import { RateLimiter } from '../answer/rate-limiter.js';
import { Responder } from '../answer/responder.js';
import { type TellDefect, answerSafely } from './answer-safely.js';
import { type BatchWorkerData, CONTROL, type ZonesMessage } from './batch-control.js';
import { collectGarbage, collectYoungGarbage } from './collect-garbage.js';
import { QueryRingWriter } from './query-ring.js';

/** After so many reloads all garbage is collected, even if queries never stop coming. */
const MOST_YOUNG = 16;

/** The loop of a worker of the batch transport. */
export class BatchServer {
  readonly #data: BatchWorkerData;
  readonly #port: MessagePort;
  readonly #tell: TellDefect;
  readonly #batch: MessageBatch;
  readonly #poll: PollSet;
  readonly #client = new Client();
  readonly #limiter: RateLimiter | undefined;
  readonly #log: QueryRingWriter | undefined;
  #responder: Responder | undefined;
  #hasGarbage = false;
  /** Collections of young garbage since the last one of all. */
  #young = 0;

  constructor(calls: UdpCalls, data: BatchWorkerData, port: MessagePort, tell: TellDefect) {
    this.#data = data;
    this.#port = port;
    this.#tell = tell;
    this.#batch = new MessageBatch(calls);
    this.#poll = new PollSet(calls, data.descriptors);
    this.#limiter = data.rate && new RateLimiter(data.rate.limit, data.rate.table);
    this.#log = data.log && new QueryRingWriter(data.log.ring, data.log.choice);
  }

  /**
   * Answers until the main thread says stop; zones have to be there.
   *
   * @throws KernelError where a socket cannot be read any more
   */
  run(): void {
    const { control, descriptors } = this.#data;
    const [only] = descriptors;
    while (Atomics.load(control, CONTROL.stop) === 0) {
      if (this.#isOutdated()) this.#renew();
      if (this.#hasGarbage) this.#collect();
      if (descriptors.length === 1) this.#serve(only as number, true);
      else this.#serveReady();
    }
  }

  #isOutdated(): boolean {
    const { control } = this.#data;
    return Atomics.load(control, CONTROL.wanted) !== Atomics.load(control, CONTROL.serving);
  }

  #serveReady(): void {
    const { descriptors, timeoutMs } = this.#data;
    const ready = this.#poll.wait(timeoutMs);
    if (ready < 0) throw callError('poll', ready);
    if (ready === 0) this.#tidyUp();
    for (let k = 0; ready > 0 && k < descriptors.length; k++) {
      if (this.#poll.isReady(k)) this.#serve(descriptors[k] as number, false);
    }
  }

  #serve(fd: number, wait: boolean): void {
    const batch = this.#batch;
    const count = batch.receive(fd, wait);
    if (count < 0) throw callError('recvmmsg', count);
    // what is asked after a reload is answered from the new zones, however long nobody asked
    if (this.#isOutdated()) this.#renew();
    if (count === 0 && wait) this.#tidyUp();
    const responder = this.#responder;
    if (count === 0 || responder === undefined) return;
    const nowMs = Date.now();
    responder.nowMs = nowMs;
    for (let k = 0; k < count; k++) batch.setReply(k, this.#answer(responder, k, nowMs));
    const lost = batch.send(fd, count);
    if (lost > 0) Atomics.add(this.#data.control, CONTROL.lost, lost);
  }

  #answer(responder: Responder, k: number, nowMs: number): number {
    const batch = this.#batch;
    const client = this.#client;
    const { bytes } = batch;
    const sender = batch.senderAt(k);
    if (batch.isSender4(k)) client.set4(get32(bytes, sender));
    else client.set6(bytes, sender);
    const at = batch.dataAt + k * DATAGRAM_BYTES;
    const length = batch.lengthOf(k);
    const size = answerSafely(
      responder,
      bytes,
      at,
      length,
      DATAGRAM_BYTES,
      client,
      'udp',
      this.#tell,
    );
    this.#log?.write(responder, client, bytes, at, size, nowMs);
    return size;
  }

  /** Takes the newest zones that were posted. */
  #renew(): void {
    let newest: ZonesMessage | undefined;
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { message: ZonesMessage } | undefined;
      if (received === undefined) break;
      newest = received.message;
    }
    if (newest === undefined) return;
    this.#responder = this.#take(newest);
    this.#hasGarbage = true;
  }

  /** Between batches: the zones that were replaced, which are young while zones are all that is new. */
  #collect(): void {
    this.#hasGarbage = false;
    this.#young++;
    if (this.#young === MOST_YOUNG) this.#tidyUp();
    else collectYoungGarbage();
  }

  /** While nobody asks. */
  #tidyUp(): void {
    if (this.#young === 0) return;
    this.#young = 0;
    collectGarbage();
  }

  #take({ generation, compiled, counters }: ZonesMessage): Responder {
    Atomics.store(this.#data.control, CONTROL.serving, generation);
    return new Responder(compiled, counters, this.#limiter);
  }
}

function callError(call: string, result: number): KernelError {
  const code = errnoName(-result);
  return new KernelError(code, `${call}: ${code}`);
}
