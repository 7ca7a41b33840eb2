/**
 * What is counted, in shared memory: a block for each zone of the compiled zones and one more for
 * what reached no zone, then a number for each list. One thread writes, any may read; a double
 * counts exactly to 2^53.
 */
export const COUNTED = {
  /** Answered with data. */
  listed: 0,
  /** Answered without data: name or type (the zone's own records count as listed). */
  empty: 1,
  nxdomain: 2,
  /** REFUSED, SERVFAIL, FORMERR, NOTIMP. */
  errors: 3,
  /** Not answered at all: not a query, or a client that is to be ignored. */
  dropped: 4,
  /** Not answered, or cut, for the sake of the rate limit. */
  limited: 5,
  bytesIn: 6,
  bytesOut: 7,
} as const;

export const COUNTED_FIELDS = 8;

export interface Counters {
  readonly zones: Float64Array;
  readonly lists: Float64Array;
}

/** Counters at zero for compiled zones; the block behind the last zone's is for no zone. */
export function newCounters(zoneCount: number, listCount: number): Counters {
  return {
    zones: new Float64Array(new SharedArrayBuffer((zoneCount + 1) * COUNTED_FIELDS * 8)),
    lists: new Float64Array(new SharedArrayBuffer(Math.max(1, listCount) * 8)),
  };
}
