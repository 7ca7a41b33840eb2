import { NO_ORIGIN, type Origin } from './origins.js';
import type { DeniedRow, RowsByDay } from './rows.js';

/** What every line of a report tells. */
interface Total {
  readonly packets: number;
  /** The earliest and the latest sighting that is known; ISO 8601, UTC. */
  readonly first: string;
  readonly last: string;
}

export interface AddressSummary extends Total, Origin {
  /** Null: packets that were counted and whose addresses the kernel did not remember. */
  readonly address: string | null;
  readonly lists: readonly string[];
  readonly rules: readonly string[];
}

export interface CountrySummary extends Total {
  readonly cc: string | null;
  /** Null with `cc` null: no country, or addresses that are not remembered. */
  readonly country: string | null;
  /** How many addresses; 0: they are not remembered. */
  readonly addresses: number;
}

export interface ListSummary extends Total {
  readonly list: string;
  readonly rule: string;
  readonly addresses: number;
}

export interface DaySummary {
  /** UTC. */
  readonly day: string;
  readonly packets: number;
  readonly addresses: number;
}

/** One line an address, the most packets first. Pure. */
export function byAddress(
  rows: readonly DeniedRow[],
  origins: ReadonlyMap<string, Origin>,
): AddressSummary[] {
  return grouped(rows, ({ address }) => address ?? '').map((group) => {
    const { address } = group[0];
    return {
      address,
      ...originOf(address, origins),
      ...totalOf(group),
      lists: [...new Set(group.map(({ list }) => list))].sort(),
      rules: [...new Set(group.map(({ rule }) => rule))].sort(),
    };
  });
}

/** One line a country. Addresses without country and packets without address have one each. Pure. */
export function byCountry(
  rows: readonly DeniedRow[],
  origins: ReadonlyMap<string, Origin>,
): CountrySummary[] {
  const keyOf = ({ address }: DeniedRow): string =>
    address === null ? '' : (originOf(address, origins).cc ?? '-');
  return grouped(rows, keyOf).map((group) => {
    const { cc, country } = originOf(group[0].address, origins);
    return { cc, country, addresses: countAddresses(group), ...totalOf(group) };
  });
}

/** One line a list and rule. Pure. */
export function byList(rows: readonly DeniedRow[]): ListSummary[] {
  return grouped(rows, ({ list, rule }) => `${list} ${rule}`).map((group) => {
    const { list, rule } = group[0];
    return { list, rule, addresses: countAddresses(group), ...totalOf(group) };
  });
}

/** One line a day, the oldest first. Pure. */
export function byDay(days: RowsByDay): DaySummary[] {
  return [...days]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, rows]) => ({ day, packets: sumOf(rows), addresses: countAddresses(rows) }));
}

type Group = readonly [DeniedRow, ...DeniedRow[]];

/** Groups by a key: the most packets first, and equal ones in order of the key. */
function grouped(rows: readonly DeniedRow[], keyOf: (row: DeniedRow) => string): Group[] {
  const groups = new Map<string, [DeniedRow, ...DeniedRow[]]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups]
    .map(([key, group]) => ({ key, group, packets: sumOf(group) }))
    .sort((a, b) => b.packets - a.packets || (a.key < b.key ? -1 : 1))
    .map(({ group }) => group);
}

function originOf(address: string | null, origins: ReadonlyMap<string, Origin>): Origin {
  return (address === null ? undefined : origins.get(address)) ?? NO_ORIGIN;
}

function totalOf(group: Group): Total {
  let { first, last } = group[0];
  for (const row of group) {
    if (row.first < first) first = row.first;
    if (row.last > last) last = row.last;
  }
  return { packets: sumOf(group), first, last };
}

function countAddresses(rows: readonly DeniedRow[]): number {
  return new Set(rows.flatMap(({ address }) => address ?? [])).size;
}

function sumOf(rows: readonly DeniedRow[]): number {
  return rows.reduce((sum, { packets }) => sum + packets, 0);
}
