import type { Family } from './family.js';
import type { RangeSet } from './range-set.js';
import { RangeSetBuilder } from './range-set-builder.js';
import { compareWords, copyWords, decrement, increment } from './words.js';

/** Every address that is in any of the sets. */
export function union(family: Family, sets: readonly RangeSet[]): RangeSet {
  const only = sets[0];
  if (sets.length === 1 && only) return only;
  const builder = new RangeSetBuilder(
    family,
    sets.reduce((total, set) => total + set.length, 0),
  );
  for (const set of sets) builder.addSet(set);
  return builder.build();
}

/** Every address that is in both sets. */
export function intersect(a: RangeSet, b: RangeSet): RangeSet {
  const n = a.words;
  const builder = new RangeSetBuilder(a.family, Math.max(a.length, b.length));
  let i = 0;
  let j = 0;
  while (i < a.firsts.length && j < b.firsts.length) {
    const aStartsLater = compareWords(a.firsts, i, b.firsts, j, n) >= 0;
    const aEndsFirst = compareWords(a.lasts, i, b.lasts, j, n) <= 0;
    const firsts = aStartsLater ? a.firsts : b.firsts;
    const lasts = aEndsFirst ? a.lasts : b.lasts;
    const first = aStartsLater ? i : j;
    const last = aEndsFirst ? i : j;
    if (compareWords(firsts, first, lasts, last, n) <= 0) builder.add(firsts, first, lasts, last);
    if (aEndsFirst) i += n;
    else j += n;
  }
  return builder.build();
}

/** Every address of the family that is not in the set. */
export function complement(set: RangeSet): RangeSet {
  const n = set.words;
  const builder = new RangeSetBuilder(set.family, set.length + 1);
  const gapStart = new Uint32Array(n);
  const gapEnd = new Uint32Array(n);
  for (let i = 0; i < set.firsts.length; i += n) {
    copyWords(set.firsts, i, gapEnd, 0, n);
    const startsAtZero = !decrement(gapEnd, 0, n);
    if (!startsAtZero) builder.add(gapStart, 0, gapEnd, 0);
    copyWords(set.lasts, i, gapStart, 0, n);
    if (!increment(gapStart, 0, n)) return builder.build();
  }
  gapEnd.fill(0xffffffff);
  builder.add(gapStart, 0, gapEnd, 0);
  return builder.build();
}

/** Every address that is in `a` and not in `b`. */
export function subtract(a: RangeSet, b: RangeSet): RangeSet {
  if (a.isEmpty || b.isEmpty) return a;
  return intersect(a, complement(b));
}
