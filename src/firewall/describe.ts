import type { Difference } from './backend.js';

/** One list in the words of `plan`. */
export interface ListChange {
  readonly list: string;
  readonly family: 4 | 6;
  readonly rangesWanted: number;
  readonly rangesHeld: number;
  readonly rangesAdded: number;
  readonly rangesRemoved: number;
  readonly addressesAdded: number;
  readonly addressesRemoved: number;
  /** Ranges that stay and get another end. */
  readonly rangesRetimed: number;
}

export function listChanges({ lists }: Difference): ListChange[] {
  return lists.map(({ list, family, wanted, held, missing, surplus, timed }) => ({
    list,
    family,
    rangesWanted: wanted.length,
    rangesHeld: held.length,
    rangesAdded: missing.length,
    rangesRemoved: surplus.length,
    addressesAdded: missing.countAddresses(),
    addressesRemoved: surplus.countAddresses(),
    rangesRetimed: timed?.retimed.length ?? 0,
  }));
}

/** A line for each thing that an apply would change. */
export function changeLines(difference: Difference): string[] {
  return [
    ...difference.rules.map((text) => `rules: ${text}`),
    ...listChanges(difference).map(
      (change) =>
        `list ${change.list} (IPv${change.family}): ${change.rangesHeld} ranges held, ` +
        `${change.rangesWanted} wanted; ${change.rangesAdded} added ` +
        `(${countText(change.addressesAdded)} addresses), ${change.rangesRemoved} removed ` +
        `(${countText(change.addressesRemoved)} addresses)` +
        (change.rangesRetimed > 0 ? `, ${change.rangesRetimed} to end at another time` : ''),
    ),
  ];
}

function countText(count: number): string {
  return count < 2 ** 53 ? String(count) : count.toExponential(2);
}
