import { CHECKS, type Check, NOT_JUDGED, OUTCOMES } from '../mta/milter/counters.js';
import type { NotJudged, OutcomeCounts } from '../mta/milter/counters.js';
import type { MilterTally } from '../mta/milter/tally.js';

/** What the milter did in a time. */
export interface MilterSummary {
  readonly sessions: number;
  readonly messages: number;
  readonly recipients: number;
  /** Connections that were not judged, by why. */
  readonly notJudged: Readonly<Record<NotJudged, number>>;
  /** In the order in which they are made; those that found nothing as well. */
  readonly checks: readonly ({ readonly check: Check } & Readonly<OutcomeCounts>)[];
  /** The same by list, of those that found something, the most first. */
  readonly lists: readonly ({ readonly list: string } & Readonly<OutcomeCounts>)[];
}

/** Pure. */
export function milterSummary(tally: MilterTally): MilterSummary {
  const of = (key: string): number => tally[key] ?? 0;
  const outcomes = (kind: string): OutcomeCounts =>
    countsBy(OUTCOMES, (name) => of(`${kind} ${name}`));
  const names = new Set(
    Object.keys(tally).flatMap((key) => (key.startsWith('list ') ? (key.split(' ')[1] ?? []) : [])),
  );
  return {
    sessions: of('sessions'),
    messages: of('messages'),
    recipients: of('recipients'),
    notJudged: countsBy(NOT_JUDGED, (why) => of(`not_judged ${why}`)),
    checks: CHECKS.map((check) => ({ check, ...outcomes(`check ${check}`) })),
    lists: [...names]
      .sort()
      .map((list) => ({ list, ...outcomes(`list ${list}`) }))
      .sort((a, b) => b.found - a.found),
  };
}

/** Of all checks together. Pure. */
export function outcomeTotals({ checks }: MilterSummary): OutcomeCounts {
  return countsBy(OUTCOMES, (name) => checks.reduce((sum, counts) => sum + counts[name], 0));
}

function countsBy<Name extends string>(
  names: readonly Name[],
  count: (name: Name) => number,
): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, count(name)])) as Record<Name, number>;
}
