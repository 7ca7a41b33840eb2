import type { Family } from '../ip/family.js';
import { NEVER } from '../ip/timed-ranges.js';

/** Ranges to be put into a set or taken out: a RangeSet, or TimedRanges. */
export interface ElementRanges {
  readonly family: Family;
  readonly words: 1 | 4;
  readonly length: number;
  readonly isEmpty: boolean;
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
  /** When each ends, milliseconds since 1970 or `NEVER`; absent: none does. */
  readonly endsMs?: Float64Array;
}

/** What is left of range `i`, milliseconds; undefined where it has no end. */
export function millisecondsLeft(
  { endsMs }: Pick<ElementRanges, 'endsMs'>,
  i: number,
  nowMs: number,
): number | undefined {
  const endMs = endsMs?.[i] ?? NEVER;
  return endMs === NEVER ? undefined : endMs - nowMs;
}

/** The same in whole seconds, so that it ends within its last one. */
export function secondsLeft(
  ranges: Pick<ElementRanges, 'endsMs'>,
  i: number,
  nowMs: number,
): number | undefined {
  const left = millisecondsLeft(ranges, i, nowMs);
  return left === undefined ? undefined : Math.ceil(left / 1000);
}
