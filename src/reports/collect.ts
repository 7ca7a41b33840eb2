import type { DenyCount, Hit } from '../firewall/backend.js';
import type { Sighting } from './kernel-log.js';
import { type LoggedNames, newSightings, rowsOfLog } from './log-rows.js';
import { type DeniedRow, groupOf, rowsByDay } from './rows.js';
import type { Collection, CountedGroup } from './stored.js';

/** What the kernel tells at one moment. */
export interface Reading {
  /** Tells this collection from every other. */
  readonly id: string;
  readonly nowMs: number;
  /** Changes with every boot; undefined where the system does not tell. */
  readonly bootId: string | undefined;
  /** Read before the hits, so that these are never behind. */
  readonly counts: readonly DenyCount[];
  readonly hits: readonly Hit[];
  /** Our lines of the kernel log, where one was read. */
  readonly log?: { readonly sightings: readonly Sighting[]; readonly names: LoggedNames };
}

/**
 * What was denied since the last collection. Pure.
 *
 * Counters only grow while they live, so one that is lower than before began anew (a flush, a
 * `flush ruleset` of others), and after a boot all did. An address that has fewer packets than
 * before was forgotten and came back. What a counter grew by beyond the packets of known
 * addresses becomes a row without address: the hit set was full, an address was forgotten in
 * between, or the backend logs only some of the packets.
 *
 * A row belongs to the UTC day of its last packet; the kernel does not tell when those before
 * it came.
 */
export function collect(before: Collection | undefined, reading: Reading): Collection {
  const now = new Date(reading.nowMs).toISOString();
  const { sightings, mark } = newSightings(reading.log?.sightings ?? [], before?.log);
  const logged = rowsOfLog(sightings, reading.log?.names ?? new Map());
  const sameBoot = before !== undefined && before.bootId === (reading.bootId ?? null);
  const known = new Map(
    (sameBoot ? before.groups : []).map((group) => [groupOf(group), group] as const),
  );
  const rows: DeniedRow[] = [...logged];
  const groups: CountedGroup[] = [];
  for (const { rule, list, counter, hits } of groupsOf(reading)) {
    const key = groupOf({ rule, list });
    const last = known.get(key);
    const change = changeOf(last, counter, hits);
    const named = hits.flatMap((hit): DeniedRow[] => {
      const packets = change.packets.get(hit.address) ?? 0;
      if (packets === 0) return [];
      const time = timeOf(hit, reading.nowMs, before);
      return [{ rule, list, address: hit.address, packets, first: time, last: time }];
    });
    const packetsNamed = sumOf([...named, ...logged.filter((row) => groupOf(row) === key)]);
    const rest = change.counted - packetsNamed - change.ahead;
    rows.push(...named);
    if (rest > 0 && counter !== undefined) {
      rows.push({ rule, list, address: null, packets: rest, first: now, last: now });
    }
    const packetsOf = Object.fromEntries(hits.map(({ address, packets }) => [address, packets]));
    groups.push({
      rule,
      list,
      packets: counter ?? 0,
      // packets that came between the two readings: the counter will tell them again
      ahead: change.began || counter === undefined ? 0 : Math.max(0, -rest),
      hits: packetsOf,
    });
  }
  return {
    format: 1,
    id: reading.id,
    collectedAt: now,
    bootId: reading.bootId ?? null,
    groups,
    ...(mark !== undefined && { log: mark }),
    additions: Object.fromEntries(rowsByDay(rows)) as Record<string, DeniedRow[]>,
  };
}

interface ReadGroup {
  readonly rule: string;
  readonly list: string;
  readonly counter: number | undefined;
  readonly hits: readonly Hit[];
}

function groupsOf({ counts, hits }: Reading): ReadGroup[] {
  const groups = new Map<string, { rule: string; list: string; counter?: number; hits: Hit[] }>();
  for (const { rule, list, packets } of counts) {
    groups.set(groupOf({ rule, list }), { rule, list, counter: packets, hits: [] });
  }
  for (const hit of hits) {
    const key = groupOf(hit);
    const group = groups.get(key) ?? { rule: hit.rule, list: hit.list, hits: [] };
    group.hits.push(hit);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ counter, ...group }) => ({ ...group, counter }));
}

interface Change {
  /** What the counter grew by. */
  readonly counted: number;
  /** What each address grew by. */
  readonly packets: ReadonlyMap<string, number>;
  readonly ahead: number;
  /** Counting began since the last collection. */
  readonly began: boolean;
}

function changeOf(
  last: CountedGroup | undefined,
  counter: number | undefined,
  hits: readonly Hit[],
): Change {
  const began = last === undefined || (counter !== undefined && counter < last.packets);
  const counted = (counter ?? 0) - (began ? 0 : last.packets);
  // `nft reset counters` leaves the hits: then they hold more than the counter
  const hitsBegan = began && sumOf(hits) <= (counter ?? Infinity);
  const packets = new Map<string, number>();
  for (const { address, packets: seen } of hits) {
    const told = hitsBegan ? 0 : (last?.hits[address] ?? 0);
    packets.set(address, seen >= told ? seen - told : seen);
  }
  return { counted, packets, ahead: began ? 0 : last.ahead, began };
}

/** When an address was last seen: not before the last collection, which told all until then. */
function timeOf({ idleSeconds }: Hit, nowMs: number, before: Collection | undefined): string {
  const sinceMs = before === undefined ? -Infinity : Date.parse(before.collectedAt);
  const seenMs = nowMs - (idleSeconds ?? 0) * 1000;
  return new Date(Math.min(nowMs, Math.max(seenMs, sinceMs))).toISOString();
}

function sumOf(rows: readonly { readonly packets: number }[]): number {
  return rows.reduce((sum, { packets }) => sum + packets, 0);
}
