import type { DenyCount, Difference } from '../../firewall/backend.js';
import type { FeedState } from '../../lists/feeds/times.js';
import type { StoredAge } from '../../sources/stored-ages.js';
import type { UpdateRecord } from '../last-update.js';
import type { ServiceSnapshot } from '../service-snapshot.js';
import type { StateProbe } from './probe-state.js';

/** Something that could not be looked at, and why. */
export interface Unread {
  readonly what: 'lists' | 'firewall' | 'last update' | 'data';
  readonly message: string;
}

/** How the kernel and what the firewall remembers stand. */
export interface FirewallFacts {
  readonly backend: string;
  /** Why this backend. */
  readonly reason: string;
  /** ISO 8601, UTC; undefined where nothing was ever applied. */
  readonly appliedAt: string | undefined;
  /** Undefined where the lists to compare with could not be made. */
  readonly difference: Difference | undefined;
  readonly denied: readonly DenyCount[];
  /** Time at which an apply is rolled back unless it is confirmed; milliseconds since 1970. */
  readonly deadlineMs: number | undefined;
  /** Time of the roll-back that holds unattended applies; ISO 8601, UTC. */
  readonly heldSince: string | undefined;
}

export interface ListFacts {
  readonly list: string;
  readonly ranges4: number;
  readonly ranges6: number;
}

/** What there is to see of an installation at one moment. Times `…Ms` are milliseconds since 1970. */
export interface StatusFacts {
  readonly nowMs: number;
  readonly hasFirewall: boolean;
  /** The DNSBL's part of the configuration, as far as it matters; undefined: there is none, or no zone depends on countries. */
  readonly dnsbl: { readonly maxAgeMs: number; readonly isServedStale: boolean } | undefined;
  /** Of the configured registries; empty where countries come from elsewhere. */
  readonly ages: readonly StoredAge[];
  /** The newest file that countries were made from. */
  readonly dataMs: number | undefined;
  readonly feeds: readonly FeedState[];
  readonly record: UpdateRecord | undefined;
  /** When the update began that was killed after that; ISO 8601, UTC. */
  readonly killedSince?: string | undefined;
  readonly lists: readonly ListFacts[];
  /** What the lists lack, a line each. */
  readonly listFaults: readonly string[];
  /** Undefined where there is none, or it could not be read. */
  readonly firewall: FirewallFacts | undefined;
  readonly services: readonly ServiceSnapshot[];
  /** Services that are there and did not answer, a line each. */
  readonly serviceFaults: readonly string[];
  readonly state: StateProbe;
  readonly unread: readonly Unread[];
  /** Whether who asks may see everything; a user who may not is told so, and that is no failure. */
  readonly isRoot: boolean;
  /** The next moment of the schedule; undefined where there is none. */
  readonly scheduledMs: number | undefined;
  /** The second moment of the schedule after the last update began, which missed both then. */
  readonly overdueMs: number | undefined;
}
