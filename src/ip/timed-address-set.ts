import type { AddressSet } from './address-set.js';
import { complement } from './algebra.js';
import { type TimedRange, flatten } from './flatten.js';
import { FAMILIES, type Family } from './family.js';
import { TimedRanges, intersectTimed } from './timed-ranges.js';

/** Addresses of both families with the times at which they end. */
export interface TimedAddressSet {
  readonly v4: TimedRanges;
  readonly v6: TimedRanges;
}

export function timedOf({ v4, v6 }: TimedAddressSet, family: Family): TimedRanges {
  return family === 4 ? v4 : v6;
}

export function permanentSet({ v4, v6 }: AddressSet): TimedAddressSet {
  return { v4: TimedRanges.permanent(v4), v6: TimedRanges.permanent(v6) };
}

/** Every address of any of the sets, until its latest end. */
export function timedUnionOf(sets: readonly TimedAddressSet[]): TimedAddressSet {
  const [v4, v6] = FAMILIES.map((family) =>
    flatten(
      family,
      sets.flatMap((set) => rangesOf(timedOf(set, family))),
    ),
  ) as [TimedRanges, TimedRanges];
  return { v4, v6 };
}

/** The addresses of both sets, each until its earlier end. */
export function timedIntersectionOf(a: TimedAddressSet, b: TimedAddressSet): TimedAddressSet {
  return { v4: intersectTimed(a.v4, b.v4), v6: intersectTimed(a.v6, b.v6) };
}

/** What is left of a set without these addresses. */
export function timedDifferenceOf(set: TimedAddressSet, without: AddressSet): TimedAddressSet {
  const rest = { v4: complement(without.v4), v6: complement(without.v6) };
  return timedIntersectionOf(set, permanentSet(rest));
}

function rangesOf({ firsts, lasts, endsMs, words }: TimedRanges): TimedRange[] {
  return Array.from(endsMs, (endMs, i) => ({
    first: firsts.subarray(i * words, (i + 1) * words),
    last: lasts.subarray(i * words, (i + 1) * words),
    endMs,
  }));
}
