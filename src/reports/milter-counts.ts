import {
  type KeptTallies,
  MILTER_SERVICES,
  type MilterService,
  readTallies,
  tallyPath,
} from '../mta/milter/tally-file.js';
import { type MilterTally, addTallies, isEmptyTally, tallyGrowth } from '../mta/milter/tally.js';

/** What milters have kept, by the service that runs them. */
export type SeenTallies = Readonly<Partial<Record<MilterService, KeptTallies | undefined>>>;

export interface MilterGrowth {
  /** What the next collection subtracts. */
  readonly seen: SeenTallies;
  /** What was counted since the last collection, by UTC day. */
  readonly additions: Readonly<Record<string, MilterTally>>;
}

/**
 * What milters counted since the last collection. Their counts by day only grow as long as they
 * have the same id, so whoever collects, and however often, adds each once. Pure.
 *
 * @param now services that are left out are as they were
 */
export function collectTallies(before: SeenTallies, now: SeenTallies): MilterGrowth {
  const additions: Record<string, MilterTally> = {};
  for (const service of MILTER_SERVICES) {
    const kept = now[service];
    if (kept === undefined) continue;
    const last = before[service];
    const known = last?.id === kept.id ? last.days : {};
    for (const [day, tally] of Object.entries(kept.days)) {
      const growth = tallyGrowth(known[day] ?? {}, tally);
      if (!isEmptyTally(growth)) additions[day] = addTallies(additions[day] ?? {}, growth);
    }
  }
  return { seen: { ...before, ...now }, additions };
}

/**
 * Reads what milters with this state have kept. A damaged file is left out: its service begins
 * anew when it is started.
 *
 * @throws SystemError where a file cannot be read
 */
export async function readSeenTallies(state: string): Promise<SeenTallies> {
  const read = await Promise.all(
    MILTER_SERVICES.map(async (service) => {
      const kept = await readTallies(tallyPath(state, service));
      return kept === undefined || kept === 'damaged' ? [] : [[service, kept] as const];
    }),
  );
  return Object.fromEntries(read.flat());
}
