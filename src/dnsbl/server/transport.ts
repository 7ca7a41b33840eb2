import type { CompiledZones } from '../index/compile.js';
import type { Counters } from '../answer/counters.js';

export type { Report } from '../../util/report.js';

/** Zones as they were compiled at one time, and the number of that time. */
export interface Generation {
  readonly number: number;
  readonly compiled: CompiledZones;
}

/** Gives counters for a generation, one set for each thread that answers from it. */
export type CountersFor = (generation: Generation) => Counters;

/** A way in which queries come in and replies go out; its sockets are bound when it is made. */
export interface QueryTransport {
  /** Answers from these zones from now on; the first call begins to answer. */
  serve(generation: Generation): void;
  /** Ends within a second; sockets are closed. */
  stop(): Promise<void>;
}
