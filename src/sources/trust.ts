import { countryTableOf } from './country-table.js';
import type { WholeFile } from './statistics/check.js';

/*
 * Whether a file that is whole may follow the last good one of its registry.
 */

/** Number of addresses, as near as a double can be for IPv6. */
export interface AddressCounts {
  readonly v4: number;
  readonly v6: number;
}

/** What is compared of a statistics file. */
export interface Snapshot {
  /** As in the header; see `serialTimeMs` of the header for its meaning. */
  readonly serial: string;
  readonly serialTimeMs: number;
  readonly edition: 'plain' | 'extended';
  /** By country code. */
  readonly counts: ReadonlyMap<string, AddressCounts>;
}

export function snapshotOf(file: WholeFile): Snapshot {
  const counts = new Map<string, AddressCounts>();
  for (const [cc, { addresses }] of countryTableOf([file])) {
    const { v4, v6 } = addresses;
    counts.set(cc, { v4: v4.countAddresses(), v6: v6.countAddresses() });
  }
  const { serial, serialTimeMs } = file.header;
  return { serial, serialTimeMs, edition: file.edition, counts };
}

export interface TrustLimits {
  /** Codes of the countries that are judged: those in use. */
  readonly countries: ReadonlySet<string>;
  /** Largest share of its addresses that a country may lose, as 0.1. */
  readonly fall: number;
  /** Largest share that it may gain. */
  readonly rise: number;
}

/**
 * How the serial of a file stands to the last good one's. Serials are comparable only within
 * one edition: a change between plain and extended counts as newer.
 */
export function compareSerials(file: Snapshot, last: Snapshot): 'newer' | 'equal' | 'older' {
  if (file.edition !== last.edition || file.serialTimeMs > last.serialTimeMs) return 'newer';
  return file.serialTimeMs === last.serialTimeMs ? 'equal' : 'older';
}

/**
 * What is not plausible about the changes from the last good file of a registry to a new one,
 * one text for each country and family; empty where all is within the limits.
 *
 * A change is measured against all that the country has: a country is spread over several
 * registries, and the two blocks of a distant one that moved away are no loss to it.
 *
 * The rise of IPv6 is measured against the whole IPv6 space of the registry's file where that
 * is more: IPv6 grows by single allocations that are larger than all that a country had (a
 * first /20 beside a /32 is 4096 times as much). From RIPE NCC's file of August 2013 to that of
 * June 2014, 50 of 108 countries would have been refused against their own IPv6 space, none
 * against the file's. A country that had no addresses at all has nothing to be measured against.
 */
export function findJumps(
  file: Snapshot,
  last: Snapshot,
  totals: ReadonlyMap<string, AddressCounts>,
  limits: TrustLimits,
): string[] {
  const registry6 = sumOf(last, 'v6');
  const jumps: string[] = [];
  for (const cc of [...limits.countries].sort()) {
    for (const family of ['v4', 'v6'] as const) {
      const before = last.counts.get(cc)?.[family] ?? 0;
      const change = (file.counts.get(cc)?.[family] ?? 0) - before;
      const total = Math.max(totals.get(cc)?.[family] ?? 0, before);
      if (total === 0) continue;
      const whole = family === 'v6' && change > 0 ? Math.max(total, registry6) : total;
      const share = change / whole;
      const of = `its ${family === 'v4' ? 'IPv4' : 'IPv6'} addresses`;
      if (-share > limits.fall) {
        jumps.push(`${cc} would lose ${percent(-share)} of ${of} (limit ${percent(limits.fall)})`);
      } else if (share > limits.rise) {
        const base = whole > total ? "the registry's IPv6 addresses" : of;
        jumps.push(`${cc} would gain ${percent(share)} of ${base} (limit ${percent(limits.rise)})`);
      }
    }
  }
  return jumps;
}

/** Adds up what countries have in several files. */
export function totalsOf(files: readonly Snapshot[]): Map<string, AddressCounts> {
  const totals = new Map<string, AddressCounts>();
  for (const { counts } of files) {
    for (const [cc, { v4, v6 }] of counts) {
      const sum = totals.get(cc) ?? { v4: 0, v6: 0 };
      totals.set(cc, { v4: sum.v4 + v4, v6: sum.v6 + v6 });
    }
  }
  return totals;
}

function sumOf(file: Snapshot, family: 'v4' | 'v6'): number {
  let sum = 0;
  for (const counts of file.counts.values()) sum += counts[family];
  return sum;
}

function percent(share: number): string {
  const value = share * 100;
  return `${Number(value.toFixed(value < 10 ? 2 : 1))} %`;
}
