import type { Address } from './address.js';
import type { Family } from './family.js';
import * as algebra from './algebra.js';
import type { AddressRange } from './notation.js';
import { RangeSet } from './range-set.js';
import { RangeSetBuilder } from './range-set-builder.js';

/** Addresses of both families. */
export interface AddressSet {
  readonly v4: RangeSet;
  readonly v6: RangeSet;
}

export const EMPTY_ADDRESS_SET: AddressSet = { v4: RangeSet.empty(4), v6: RangeSet.empty(6) };

export function hasAddress(set: AddressSet, address: Address): boolean {
  return (address.family === 4 ? set.v4 : set.v6).has(address);
}

/** The set of ranges in any order, overlapping or not. */
export function addressSetOf(ranges: Iterable<AddressRange>): AddressSet {
  const v4 = new RangeSetBuilder(4);
  const v6 = new RangeSetBuilder(6);
  for (const { family, first, last } of ranges) {
    (family === 4 ? v4 : v6).add(first, 0, last, 0);
  }
  return { v4: v4.build(), v6: v6.build() };
}

/** The part of one family. */
export function setOfFamily(set: AddressSet, family: Family): RangeSet {
  return family === 4 ? set.v4 : set.v6;
}

export function isEmptySet(set: AddressSet): boolean {
  return set.v4.isEmpty && set.v6.isEmpty;
}

export function unionOf(sets: readonly AddressSet[]): AddressSet {
  return {
    v4: algebra.union(
      4,
      sets.map((set) => set.v4),
    ),
    v6: algebra.union(
      6,
      sets.map((set) => set.v6),
    ),
  };
}

export function intersectionOf(a: AddressSet, b: AddressSet): AddressSet {
  return { v4: algebra.intersect(a.v4, b.v4), v6: algebra.intersect(a.v6, b.v6) };
}

export function differenceOf(a: AddressSet, b: AddressSet): AddressSet {
  return { v4: algebra.subtract(a.v4, b.v4), v6: algebra.subtract(a.v6, b.v6) };
}
