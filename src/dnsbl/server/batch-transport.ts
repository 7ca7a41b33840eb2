import { Worker } from 'node:worker_threads';

import { udpCalls } from '../../linux/udp/calls.js';
import { openUdpSocket } from '../../linux/udp/socket.js';
import { builtFile } from '../../util/program-path.js';
import type { RateLimit } from '../answer/rate-limiter.js';
import { type BatchWorkerData, CONTROL, type ZonesMessage, newControl } from './batch-control.js';
import { type ListenAddress, bindError } from './listen.js';
import type { QueryLog } from './query-log.js';
import type { CountersFor, Generation, QueryTransport, Report } from './transport.js';

const THREAD = builtFile('dnsbl/server/batch-worker.js');

/** A worker looks at its control words so often, however quiet it is. */
const TIMEOUT_MS = 200;
/** A worker that did not end by itself by then is ended. */
const STOP_MS = 600;
/** One that dies is replaced at once, but those that die right away again not more often. */
const REPLACE_MS = 500;

export interface BatchTransportOptions {
  readonly listen: readonly ListenAddress[];
  readonly workers: number;
  readonly rateLimit: RateLimit | undefined;
  readonly log: QueryLog | undefined;
  readonly countersFor: CountersFor;
  readonly report: Report;
}

interface Place {
  readonly descriptors: readonly number[];
  readonly ring: SharedArrayBuffer | undefined;
  control: Int32Array;
  thread: Worker;
  startedMs: number;
}

/**
 * UDP on Linux: threads that receive and send datagrams in batches. With several threads each has
 * a socket of its own at every address, and the kernel deals out (SO_REUSEPORT).
 */
export class BatchTransport implements QueryTransport {
  readonly #options: BatchTransportOptions;
  readonly #sockets: readonly (readonly number[])[];
  readonly #places: Place[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #generation: Generation | undefined;
  #isStopping = false;

  /** Binds the sockets. @throws SystemError naming the address that cannot be had */
  constructor(options: BatchTransportOptions) {
    this.#options = options;
    this.#sockets = openSockets(options);
  }

  /** Starts the threads, which wait for zones. To be called when rights were given up. */
  start(): void {
    for (const descriptors of this.#sockets) {
      const ring = this.#options.log?.newRing();
      const started = this.#startThread(descriptors, ring);
      const place: Place = { descriptors, ring, ...started };
      this.#places.push(place);
      this.#watch(place);
    }
  }

  /** The threads that answer now. */
  get threads(): readonly Worker[] {
    return this.#places.map(({ thread }) => thread);
  }

  /** Whether every thread answers from the newest zones. */
  get isCurrent(): boolean {
    const { number } = this.#generation ?? { number: 0 };
    return this.#places.every(({ control }) => Atomics.load(control, CONTROL.serving) === number);
  }

  serve(generation: Generation): void {
    this.#generation = generation;
    for (const place of this.#places) this.#post(place, generation);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#places.map(stopThread));
    for (const fd of this.#sockets.flat()) udpCalls().close(fd);
  }

  #post(place: Place, generation: Generation): void {
    const message: ZonesMessage = {
      generation: generation.number,
      compiled: generation.compiled,
      counters: this.#options.countersFor(generation),
    };
    place.thread.postMessage(message);
    Atomics.store(place.control, CONTROL.wanted, generation.number);
    Atomics.notify(place.control, CONTROL.wanted);
  }

  #startThread(
    descriptors: readonly number[],
    ring: SharedArrayBuffer | undefined,
  ): { control: Int32Array; thread: Worker; startedMs: number } {
    const { rateLimit, log } = this.#options;
    const control = newControl();
    const workerData: BatchWorkerData = {
      control,
      descriptors,
      rateLimit,
      log: log && ring && { ring, choice: log.choice },
      timeoutMs: TIMEOUT_MS,
    };
    return { control, thread: new Worker(THREAD, { workerData }), startedMs: Date.now() };
  }

  #watch(place: Place): void {
    const { report } = this.#options;
    let cause = 'it ended by itself';
    place.thread.on('message', (text: string) => {
      report('error', text);
    });
    place.thread.on('error', (error) => {
      cause = error instanceof Error ? error.message : String(error);
    });
    place.thread.on('exit', () => {
      if (this.#isStopping) return;
      const waitMs = Math.max(0, place.startedMs + REPLACE_MS - Date.now());
      report('error', `a thread that answers queries died (${cause}); another takes its place`);
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#replace(place);
      }, waitMs);
      this.#timers.add(timer);
    });
  }

  #replace(place: Place): void {
    Object.assign(place, this.#startThread(place.descriptors, place.ring));
    this.#watch(place);
    if (this.#generation !== undefined) this.#post(place, this.#generation);
  }
}

async function stopThread({ thread, control }: Place): Promise<void> {
  if (thread.threadId === -1) return; // it has ended
  const ended = new Promise((resolve) => thread.once('exit', resolve));
  Atomics.store(control, CONTROL.stop, 1);
  Atomics.notify(control, CONTROL.wanted);
  const timer = setTimeout(() => void thread.terminate(), STOP_MS);
  await ended;
  clearTimeout(timer);
}

function openSockets({ listen, workers }: BatchTransportOptions): number[][] {
  const all: number[][] = [];
  try {
    for (let worker = 0; worker < workers; worker++) {
      const own: number[] = [];
      all.push(own);
      for (const place of listen) {
        const options = { sharesPort: workers > 1, timeoutMs: TIMEOUT_MS };
        own.push(openOne(place, options));
      }
    }
    return all;
  } catch (error) {
    for (const fd of all.flat()) udpCalls().close(fd);
    throw error;
  }
}

function openOne(
  place: ListenAddress,
  options: { readonly sharesPort: boolean; readonly timeoutMs: number },
): number {
  try {
    return openUdpSocket(place.address, place.port, options);
  } catch (error) {
    throw bindError(error, place, 'UDP');
  }
}
