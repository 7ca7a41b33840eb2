import type { CompiledZone } from '../dnsbl/index/compile.js';
import { type ListenAddress, formatListen } from '../dnsbl/server/listen.js';
import type { StatisticsSnapshot, ZoneCounts } from '../dnsbl/server/statistics.js';
import type { Generation } from '../dnsbl/server/transport.js';
import { formatName } from '../dnsbl/wire/name.js';
import type { DnsblCounts, DnsblSnapshot, ZoneSnapshot } from '../jobs/service-snapshot.js';

export interface DnsblFacts {
  readonly listen: readonly ListenAddress[];
  readonly serving: Generation | undefined;
  /** When these zones came; milliseconds since 1970. */
  readonly loadedAtMs: number | undefined;
  readonly statistics: StatisticsSnapshot;
  readonly ratePerSecond: number;
}

const NOTHING: ZoneCounts = {
  listed: 0,
  empty: 0,
  nxdomain: 0,
  errors: 0,
  dropped: 0,
  limited: 0,
  bytesIn: 0,
  bytesOut: 0,
};

/** What a DNSBL tells of itself. The names of zones are told, never the keys below them. */
export function dnsblSnapshot(facts: DnsblFacts): DnsblSnapshot {
  const { statistics, serving, loadedAtMs } = facts;
  const open = serving?.compiled.zones.filter(({ state }) => state !== 'closed') ?? [];
  return {
    listen: facts.listen.map(formatListen),
    zones: open.map((zone) => zoneSnapshot(zone, statistics)),
    totals: countsOf(statistics.all),
    ratePerSecond: facts.ratePerSecond,
    listedByList: Object.fromEntries(statistics.lists),
    loadedAt: loadedAtMs === undefined ? null : new Date(loadedAtMs).toISOString(),
  };
}

/** All queries that came in, answered or not. */
export function queriesOf({
  listed,
  empty,
  nxdomain,
  errors,
  dropped,
  limited,
}: ZoneCounts): number {
  return listed + empty + nxdomain + errors + dropped + limited;
}

function zoneSnapshot(zone: CompiledZone, { zones }: StatisticsSnapshot): ZoneSnapshot {
  const name = formatName(zone.name);
  return {
    name,
    state: zone.state,
    serial: serialOf(zone),
    entries: entriesOf(zone),
    ...countsOf(zones.get(name) ?? NOTHING),
  };
}

/** The SOA record ends with five numbers, of which the serial is the first (RFC 1035 3.3.13). */
function serialOf({ soa }: CompiledZone): number | null {
  if (soa.length < 20) return null;
  return new DataView(soa.buffer, soa.byteOffset, soa.length).getUint32(soa.length - 20);
}

function entriesOf({ groups }: CompiledZone): number {
  let count = 0;
  for (const { v4, v6, names } of groups.flat()) {
    count += (v4?.answers.length ?? 0) + (v6?.answers.length ?? 0);
    for (const { exact } of names) count += exact.length;
  }
  return count;
}

function countsOf(counts: ZoneCounts): DnsblCounts {
  const { listed, empty, nxdomain, errors, dropped, limited } = counts;
  return { queries: queriesOf(counts), listed, empty, nxdomain, errors, dropped, limited };
}
