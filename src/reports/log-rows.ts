import type { Sighting } from './kernel-log.js';
import { type DeniedRow, mergeRows } from './rows.js';

/** Up to where a log was read: a later reading begins behind it, also after a rotation. */
export interface LogMark {
  /** Time of the last line that was read, ISO 8601. */
  readonly at: string;
  /** How many of our lines had this time. */
  readonly lines: number;
}

/** A rule and a list that are in the configuration, and what the log says of them. */
export interface LoggedName {
  readonly rule: string;
  readonly list: string;
  /** The rule judges whom we connect to: the address is the packet's destination. */
  readonly outgoing: boolean;
}

/** By the two names as the log has them, with a space between. */
export type LoggedNames = ReadonlyMap<string, LoggedName>;

/** Lines that are new since the mark, in order, and the next mark. Pure. */
export function newSightings(
  sightings: readonly Sighting[],
  mark: LogMark | undefined,
): { readonly sightings: readonly Sighting[]; readonly mark: LogMark | undefined } {
  const readMs = mark === undefined ? -Infinity : Date.parse(mark.at);
  let skip = mark?.lines ?? 0;
  const fresh = sightings.filter(({ timeMs }) => {
    if (timeMs !== readMs) return timeMs > readMs;
    return skip-- <= 0;
  });
  if (fresh.length === 0) return { sightings: [], mark };
  const lastMs = fresh.reduce((last, { timeMs }) => Math.max(last, timeMs), readMs);
  const sameTime = fresh.filter(({ timeMs }) => timeMs === lastMs).length;
  const lines = sameTime + (lastMs === readMs ? (mark?.lines ?? 0) : 0);
  return { sightings: fresh, mark: { at: new Date(lastMs).toISOString(), lines } };
}

/**
 * One row a day for each rule, list and address. A line whose rule the configuration no longer
 * has is taken by the names that it shows, as one of an incoming packet. Pure.
 */
export function rowsOfLog(sightings: readonly Sighting[], names: LoggedNames): DeniedRow[] {
  const days = new Map<string, DeniedRow[]>();
  for (const { timeMs, source, destination, ...shown } of sightings) {
    const { rule, list, outgoing } = names.get(`${shown.rule} ${shown.list}`) ?? {
      ...shown,
      outgoing: false,
    };
    const time = new Date(timeMs).toISOString();
    const address = outgoing ? destination : source;
    const row: DeniedRow = { rule, list, address, packets: 1, first: time, last: time };
    const day = days.get(time.slice(0, 10)) ?? [];
    day.push(row);
    days.set(time.slice(0, 10), day);
  }
  return [...days.values()].flatMap((rows) => mergeRows(rows));
}
