import { Worker } from 'node:worker_threads';

import { makeNice, otherThreads } from '../../linux/thread-turns.js';
import { builtFile } from '../../util/program-path.js';
import { errorOfTold } from '../../util/thread-error.js';
import {
  type LoadedMessage,
  type LoaderReply,
  type LoaderRequest,
  type LoaderSpec,
  RELOAD_NICE,
} from './loader.js';
import type { Report } from './transport.js';

const THREAD = builtFile('dnsbl/server/loader-thread.js');

interface Waiting {
  readonly id: number;
  readonly resolve: (loaded: LoadedMessage) => void;
  readonly reject: (error: Error) => void;
}

/** The loader's thread, seen from the main thread: one load at a time. */
export class ZoneLoader {
  readonly #spec: LoaderSpec;
  /** They collect the loader's garbage as well; none once they are nice. */
  #helpers = otherThreads();
  #thread: Worker | undefined;
  #waiting: Waiting | undefined;
  readonly #report: Report;
  readonly #onLost: ((reason: string) => void) | undefined;
  #lastId = 0;
  #hasLoaded = false;
  #isStopping = false;
  #onReady: () => void = () => undefined;

  /**
   * @param onLost for a process that cannot load a thread later: called when this one has ended
   */
  constructor(spec: LoaderSpec, report: Report, onLost?: (reason: string) => void) {
    this.#spec = spec;
    this.#report = report;
    this.#onLost = onLost;
    this.input = spec.input;
    this.ready = new Promise((resolve) => (this.#onReady = resolve));
    this.#thread = this.#start();
  }

  /** Resolves when the first thread has read its modules, or has ended. */
  readonly ready: Promise<void>;

  /** What zones are made of, from the next load on. */
  input: unknown;

  /** True once a thread was lost, with the last good content that it held. */
  hasForgotten = false;

  /**
   * @throws KnownError where the loader refused: what was there before stays
   * @throws Error where the thread died; the next load has a new one
   */
  load(): Promise<LoadedMessage> {
    if (this.#waiting !== undefined) throw new Error('a load is under way');
    const thread = (this.#thread ??= this.#start());
    if (this.#hasLoaded && this.#helpers.length > 0) {
      makeNice(this.#helpers, RELOAD_NICE);
      this.#helpers = [];
    }
    this.#lastId++;
    const request: LoaderRequest = {
      id: this.#lastId,
      input: this.input,
      isReload: this.#hasLoaded,
    };
    return new Promise((resolve, reject) => {
      this.#waiting = { id: request.id, resolve, reject };
      thread.postMessage(request);
    });
  }

  /** Ends the thread, also in the middle of a load, which then rejects. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#thread?.terminate();
  }

  #start(): Worker {
    const thread = new Worker(THREAD, { workerData: this.#spec, stdin: false });
    let cause: Error | undefined;
    thread.on('message', (reply: LoaderReply) => {
      this.#take(reply);
    });
    thread.on('error', (error) => {
      cause = error instanceof Error ? error : new Error(String(error));
    });
    thread.on('exit', (code) => {
      this.#onReady();
      this.#thread = undefined;
      this.hasForgotten = true;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      const text = `the thread that loads zones ended with ${code}: ${cause?.message ?? 'stopped'}`;
      waiting?.reject(new Error(text));
      if (this.#isStopping) return;
      if (this.#onLost) this.#onLost(text);
      else if (waiting === undefined) this.#report('error', `${text}; the next load has a new one`);
    });
    return thread;
  }

  #take(reply: LoaderReply): void {
    if (reply.kind === 'ready') {
      this.#onReady();
      return;
    }
    const waiting = this.#waiting;
    if (waiting?.id !== reply.id) return;
    this.#waiting = undefined;
    if (reply.kind === 'loaded') {
      this.#hasLoaded = true;
      waiting.resolve(reply.loaded);
    } else waiting.reject(errorOfTold(reply));
  }
}
