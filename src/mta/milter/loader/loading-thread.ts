import { Worker } from 'node:worker_threads';

import { SourceError } from '../../../util/errors.js';
import { builtFile } from '../../../util/program-path.js';
import { errorOfTold } from '../../../util/thread-error.js';
import type { ListsReply, ListsRequest, LoadedLists, MilterInput } from './loaded-lists.js';

const THREAD = builtFile('mta/milter/loader/lists-thread.js');

interface Waiting {
  readonly resolve: (loaded: LoadedLists) => void;
  readonly reject: (error: Error) => void;
}

/** The thread that loads lists, seen from the one that judges mail. */
export class LoadingThread {
  #thread: Worker | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /**
   * @throws UsageError for a wrong configuration, SourceError where lists cannot be read and never
   *   were, Error where the thread died; the next load has a new one
   */
  load(input: MilterInput, nowMs: number): Promise<LoadedLists> {
    const thread = (this.#thread ??= this.#start());
    this.#lastId += 1;
    const request: ListsRequest = { id: this.#lastId, input, nowMs };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      thread.ref();
      thread.postMessage(request);
    });
  }

  /** Ends the thread; a load that is under way fails. */
  async stop(): Promise<void> {
    await this.#thread?.terminate();
  }

  #start(): Worker {
    const thread = new Worker(THREAD, { stdin: false });
    let cause: unknown;
    thread.on('message', (reply: ListsReply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      // between two loads it keeps nobody from ending
      if (this.#waiting.size === 0) thread.unref();
      if ('loaded' in reply) waiting?.resolve(reply.loaded);
      else waiting?.reject(errorOfTold(reply));
    });
    thread.on('error', (error) => (cause = error));
    thread.on('exit', (code) => {
      this.#thread = undefined;
      const why = cause instanceof Error ? cause.message : 'stopped';
      for (const { reject } of this.#waiting.values()) {
        reject(new SourceError(`the thread that loads lists ended with ${code}: ${why}`));
      }
      this.#waiting.clear();
    });
    return thread;
  }
}
