import { RangeSetBuilder } from '../ip/range-set-builder.js';
import { type TimedRanges, overlay } from '../ip/timed-ranges.js';
import type { ListDifference, SameEnd } from './backend.js';

/** What a set of the kernel was seen to hold. */
export interface HeldTimes {
  /** Each with its end by the clock of the time before it was read. */
  readonly ranges: TimedRanges;
  /** Before it was read and after, milliseconds since 1970: running timers are that uncertain. */
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Ends that lie no further apart are the same: programs tell whole seconds, and to give an end
 * to the kernel takes a moment.
 */
export const TOLERANCE_MS = 2500;

export function sameEndAt({ fromMs, toMs }: Pick<HeldTimes, 'fromMs' | 'toMs'>): SameEnd {
  const tolerance = TOLERANCE_MS + (toMs - fromMs);
  return (wantedMs = fromMs, heldMs = fromMs) =>
    wantedMs === heldMs || Math.abs(wantedMs - heldMs) <= tolerance;
}

/**
 * How a set with ends differs from what is wanted: address for address, whatever the pieces in
 * which somebody put them in. Timers that run, and addresses that are about to end or ended a
 * moment ago, are no difference. Pure.
 *
 * @param wanted all that was ever named
 * @returns undefined where nothing differs
 */
export function endDifference(
  list: string,
  wanted: TimedRanges,
  held: HeldTimes,
  sameEnd: SameEnd = sameEndAt(held),
): ListDifference | undefined {
  const { family } = wanted;
  const due = wanted.inForce(held.fromMs);
  const standing = held.ranges.inForce(held.fromMs);
  const missing = new RangeSetBuilder(family);
  const surplus = new RangeSetBuilder(family);
  const retimed = new RangeSetBuilder(family);
  overlay(due, standing, (first, last, wantedMs, heldMs) => {
    if (sameEnd(wantedMs, heldMs)) return;
    const into = heldMs === undefined ? missing : wantedMs === undefined ? surplus : retimed;
    into.add(first, 0, last, 0);
  });
  const difference = {
    list,
    family,
    wanted: due.addresses(),
    held: standing.addresses(),
    missing: missing.build(),
    surplus: surplus.build(),
    timed: { wanted: due, held: standing, retimed: retimed.build(), sameEnd },
  };
  const { timed } = difference;
  const isSame = difference.missing.isEmpty && difference.surplus.isEmpty && timed.retimed.isEmpty;
  return isSame ? undefined : difference;
}

/** The element by element way from what is held to what is wanted. */
export interface ElementSteps {
  readonly remove: TimedRanges;
  readonly add: TimedRanges;
}

/**
 * Elements that are to go and to come. One whose end changes goes and comes in one change:
 * kernels before 6.12 pass over the adding of an element that is there, and keep its old end.
 */
export function elementSteps(
  wanted: TimedRanges,
  held: TimedRanges,
  sameEnd: SameEnd,
): ElementSteps {
  const kept = new Map<string, number>();
  for (let i = 0; i < held.length; i++) kept.set(keyOf(held, i), i);
  const stays = new Set<number>();
  const add = wanted.filter((endMs, i) => {
    const place = kept.get(keyOf(wanted, i));
    if (place === undefined || !sameEnd(endMs, held.endOf(place))) return true;
    stays.add(place);
    return false;
  });
  return { add, remove: held.filter((_, i) => !stays.has(i)) };
}

function keyOf({ firsts, lasts, words }: TimedRanges, i: number): string {
  const at = i * words;
  return `${firsts.subarray(at, at + words).join('.')}-${lasts.subarray(at, at + words).join('.')}`;
}
