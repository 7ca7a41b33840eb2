import type { RateLimit, RateTable } from '../answer/rate-limiter.js';
import type { Counters } from '../answer/counters.js';
import type { CompiledZones } from '../index/compile.js';
import type { QueryLogChoice } from './query-ring.js';

/*
 * What the main thread and a worker of the batch transport share. A worker never gets to its event
 * loop while it serves: it looks at these words between batches.
 */

/** Words of the memory that a worker shares with the main thread. */
export const CONTROL = {
  /** Set by main: end. */
  stop: 0,
  /** Set by main, after the zones were posted: number of the newest generation. */
  wanted: 1,
  /** Set by the worker: number of the generation that it answers from. */
  serving: 2,
  /** Counted by the worker: replies that the kernel did not take. */
  lost: 3,
} as const;

export function newControl(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(16));
}

/** What a worker says: that it waits for zones, or what went wrong. */
export type WorkerMessage =
  { readonly kind: 'ready' } | { readonly kind: 'defect'; readonly text: string };

/** What a worker starts with. */
export interface BatchWorkerData {
  readonly control: Int32Array;
  /** Bound by the main thread, which also closes them. */
  readonly descriptors: readonly number[];
  /** The table is that of all workers. */
  readonly rate: { readonly limit: RateLimit; readonly table: RateTable } | undefined;
  readonly log: { readonly ring: SharedArrayBuffer; readonly choice: QueryLogChoice } | undefined;
  readonly timeoutMs: number;
}

/** Zones for a worker; its first message. */
export interface ZonesMessage {
  readonly generation: number;
  readonly compiled: CompiledZones;
  readonly counters: Counters;
}
