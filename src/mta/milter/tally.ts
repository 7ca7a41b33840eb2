import type { MilterCounters } from './counters.js';

/**
 * Counters as one flat record without zeros, which can be added, subtracted and kept: `sessions`,
 * `messages`, `recipients`, `not_judged WHY`, `check NAME OUTCOME`, `list NAME OUTCOME`. Names hold
 * no space.
 */
export type MilterTally = Readonly<Record<string, number>>;

/** What a milter has counted since its start. */
export function tallyOf(counters: MilterCounters): MilterTally {
  const { sessions, messages, recipients, notJudged, checks, lists } = counters;
  const named = (kind: string, groups: Readonly<Record<string, object>>): [string, number][] =>
    Object.entries(groups).flatMap(([name, counts]) =>
      Object.entries(counts).map(([outcome, n]): [string, number] => [
        `${kind} ${name} ${outcome}`,
        n as number,
      ]),
    );
  const all: [string, number][] = [
    ['sessions', sessions],
    ['messages', messages],
    ['recipients', recipients],
    ...Object.entries(notJudged).map(([why, n]): [string, number] => [`not_judged ${why}`, n]),
    ...named('check', checks),
    ...named('list', lists),
  ];
  return Object.fromEntries(all.filter(([, n]) => n > 0));
}

/** Pure. */
export function addTallies(...tallies: readonly MilterTally[]): MilterTally {
  const sums = new Map<string, number>();
  for (const [key, n] of tallies.flatMap((tally) => Object.entries(tally))) {
    sums.set(key, (sums.get(key) ?? 0) + n);
  }
  return Object.fromEntries(sums);
}

/** What grew from one to the other; what shrank did not. Pure. */
export function tallyGrowth(before: MilterTally, now: MilterTally): MilterTally {
  return Object.fromEntries(
    Object.entries(now).flatMap(([key, n]) => {
      const growth = n - (before[key] ?? 0);
      return growth > 0 ? [[key, growth]] : [];
    }),
  );
}

export function isEmptyTally(tally: MilterTally): boolean {
  return Object.keys(tally).length === 0;
}
