import { collect } from '../../src/reports/collect.js';
import type { Collection } from '../../src/reports/stored.js';
import type { LoggedNames } from '../../src/reports/log-rows.js';
import type { Sighting } from '../../src/reports/kernel-log.js';

export interface Kernel {
  /** `2026-06-01T12:00:00Z`. */
  at: string;
  boot?: string;
  /** `RULE LIST`: packets. */
  counters?: Record<string, number>;
  /** `RULE LIST`: address: packets and, where not 0, seconds since it was last seen. */
  hits?: Record<string, Record<string, number | readonly [packets: number, idle: number]>>;
  log?: { sightings: readonly Sighting[]; names: LoggedNames };
}

/** Collects what a kernel tells, written short. */
export function collectFrom(before: Collection | undefined, kernel: Kernel): Collection {
  const { at, boot = 'boot-1', counters = {}, hits = {}, log } = kernel;
  const named = (key: string): { rule: string; list: string } => {
    const [rule = '', list = ''] = key.split(' ');
    return { rule, list };
  };
  return collect(before, {
    id: at,
    nowMs: Date.parse(at),
    bootId: boot,
    counts: Object.entries(counters).map(([key, packets]) => ({
      ...named(key),
      packets,
      bytes: 0,
    })),
    hits: Object.entries(hits).flatMap(([key, addresses]) =>
      Object.entries(addresses).map(([address, told]) => {
        const [packets, idleSeconds] = typeof told === 'number' ? [told, 0] : told;
        return { ...named(key), address, packets, bytes: 0, idleSeconds };
      }),
    ),
    ...(log && { log }),
  });
}

/** What a collection added: `DAY RULE LIST ADDRESS`: packets. */
export function added({ additions }: Collection): Record<string, number> {
  return Object.fromEntries(
    Object.entries(additions).flatMap(([day, rows]) =>
      rows.map((row) => [`${day} ${row.rule} ${row.list} ${row.address ?? '-'}`, row.packets]),
    ),
  );
}
