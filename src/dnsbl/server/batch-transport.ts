import { Worker } from 'node:worker_threads';

import { udpCalls } from '../../linux/udp/calls.js';
import { openUdpSocket } from '../../linux/udp/socket.js';
import { builtFile } from '../../util/program-path.js';
import { type RateLimit, type RateTable, newRateTable } from '../answer/rate-limiter.js';
import {
  type BatchWorkerData,
  CONTROL,
  type WorkerMessage,
  type ZonesMessage,
  newControl,
} from './batch-control.js';
import { type ListenAddress, bindError } from './listen.js';
import type { QueryLog } from './query-log.js';
import type { CountersFor, Generation, QueryTransport, Report } from './transport.js';

const THREAD = builtFile('dnsbl/server/batch-worker.js');

/** A worker looks at its control words so often, however quiet it is. */
const TIMEOUT_MS = 200;
/** A worker that did not end by itself by then is ended. */
const STOP_MS = 600;
/** `threadId` of a worker that has ended. */
const NO_THREAD = -1;
/** One that dies is replaced at once, but those that die right away again not more often. */
const REPLACE_MS = 500;

export interface BatchTransportOptions {
  readonly listen: readonly ListenAddress[];
  readonly workers: number;
  readonly rateLimit: RateLimit | undefined;
  readonly log: QueryLog | undefined;
  readonly countersFor: CountersFor;
  readonly report: Report;
  /**
   * For a process that cannot load a thread later: every place has a second one that waits. Called
   * when that one has ended, too.
   */
  readonly onLost?: (reason: string) => void;
}

interface Started {
  readonly control: Int32Array;
  readonly thread: Worker;
  readonly startedMs: number;
  /** Resolves when it waits for zones, or has ended. */
  readonly ready: Promise<void>;
}

interface Place {
  readonly descriptors: readonly number[];
  readonly ring: SharedArrayBuffer | undefined;
  current: Started;
  spare: Started | undefined;
}

/**
 * UDP on Linux: threads that receive and send datagrams in batches. With several threads each has
 * a socket of its own at every address, and the kernel deals out (SO_REUSEPORT).
 */
export class BatchTransport implements QueryTransport {
  readonly #options: BatchTransportOptions;
  readonly #sockets: readonly (readonly number[])[];
  readonly #places: Place[] = [];
  readonly #rate: { readonly limit: RateLimit; readonly table: RateTable } | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();
  #generation: Generation | undefined;
  #isStopping = false;

  /** Binds the sockets. @throws SystemError naming the address that cannot be had */
  constructor(options: BatchTransportOptions) {
    this.#options = options;
    const { rateLimit } = options;
    this.#rate = rateLimit && { limit: rateLimit, table: newRateTable() };
    this.#sockets = openSockets(options);
  }

  /** Starts the threads, which wait for zones. To be called when rights were given up. */
  start(): void {
    for (const descriptors of this.#sockets) {
      const ring = this.#options.log?.newRing();
      const start = (): Started => this.#startThread(descriptors, ring);
      const spare = this.#options.onLost && start();
      const place: Place = { descriptors, ring, current: start(), spare };
      this.#places.push(place);
      this.#watch(place);
    }
  }

  /** Resolves when no thread needs to load anything any more. */
  async ready(): Promise<void> {
    const started = this.#places.flatMap(({ current, spare }) => [
      current,
      ...(spare ? [spare] : []),
    ]);
    await Promise.all(started.map(({ ready }) => ready));
  }

  /** The threads that answer now. */
  get threads(): readonly Worker[] {
    return this.#places.map(({ current }) => current.thread);
  }

  /** Whether every thread answers from the newest zones. */
  get isCurrent(): boolean {
    const { number } = this.#generation ?? { number: 0 };
    return this.#places.every(
      ({ current }) => Atomics.load(current.control, CONTROL.serving) === number,
    );
  }

  serve(generation: Generation): void {
    this.#generation = generation;
    for (const place of this.#places) this.#post(place, generation);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const started = this.#places.flatMap(({ current, spare }) => [
      current,
      ...(spare ? [spare] : []),
    ]);
    await Promise.all(started.map(stopThread));
    for (const fd of this.#sockets.flat()) udpCalls().close(fd);
  }

  #post({ current: { thread, control } }: Place, generation: Generation): void {
    const message: ZonesMessage = {
      generation: generation.number,
      compiled: generation.compiled,
      counters: this.#options.countersFor(generation),
    };
    thread.postMessage(message);
    Atomics.store(control, CONTROL.wanted, generation.number);
    Atomics.notify(control, CONTROL.wanted);
  }

  #startThread(descriptors: readonly number[], ring: SharedArrayBuffer | undefined): Started {
    const { log, report } = this.#options;
    const control = newControl();
    const workerData: BatchWorkerData = {
      control,
      descriptors,
      rate: this.#rate,
      log: log && ring && { ring, choice: log.choice },
      timeoutMs: TIMEOUT_MS,
    };
    const thread = new Worker(THREAD, { workerData });
    // of one that waits for another's place, too, an error must not end the process: its exit counts
    thread.on('error', () => undefined);
    const ready = new Promise<void>((resolve) => {
      thread.on('message', (message: WorkerMessage) => {
        if (message.kind === 'ready') resolve();
        else report('error', message.text);
      });
      thread.on('exit', () => {
        resolve();
      });
    });
    return { control, thread, startedMs: Date.now(), ready };
  }

  #watch(place: Place): void {
    const { report } = this.#options;
    const { thread, startedMs } = place.current;
    let cause = 'it ended by itself';
    thread.on('error', (error) => {
      cause = error instanceof Error ? error.message : String(error);
    });
    thread.on('exit', () => {
      if (this.#isStopping) return;
      const died = `a thread that answers queries died (${cause})`;
      const { onLost } = this.#options;
      if (onLost && place.spare?.thread.threadId === NO_THREAD) place.spare = undefined;
      if (onLost && place.spare === undefined) {
        onLost(`${died}, and the one that was kept for its place before`);
        return;
      }
      report('error', `${died}; another takes its place`);
      const waitMs = Math.max(0, startedMs + REPLACE_MS - Date.now());
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#replace(place);
      }, waitMs);
      this.#timers.add(timer);
    });
  }

  #replace(place: Place): void {
    place.current = place.spare ?? this.#startThread(place.descriptors, place.ring);
    place.spare = undefined;
    this.#watch(place);
    if (this.#generation !== undefined) this.#post(place, this.#generation);
  }
}

async function stopThread({ thread, control }: Started): Promise<void> {
  if (thread.threadId === NO_THREAD) return;
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
