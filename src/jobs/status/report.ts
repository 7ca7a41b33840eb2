import { type ListChange, listChanges } from '../../firewall/describe.js';
import type { DenyCount } from '../../firewall/backend.js';
import { overdueMs } from '../../lists/feeds/schedule.js';
import { EXIT, type ExitCode } from '../../util/errors.js';
import { packageVersion } from '../../util/version.js';
import type { UpdateRecord } from '../last-update.js';
import type { ServiceSnapshot } from '../service-snapshot.js';
import type { ListFacts, StatusFacts } from './facts.js';
import { findFaults } from './find.js';
import type { Finding } from './finding.js';
import type { StateProbe } from './probe-state.js';

/** How an installation stands: what `sekisho status --json` prints. Times are ISO 8601, UTC. */
export interface StatusReport {
  readonly format: 1;
  readonly version: string;
  readonly time: string;
  /** Whether there is no failure; there may be warnings. */
  readonly healthy: boolean;
  readonly exitCode: ExitCode;
  readonly findings: readonly Finding[];
  /** The texts of findings that are warnings. */
  readonly warnings: readonly string[];
  /** The texts of those that are failures. */
  readonly failures: readonly string[];
  /** Null where there is no firewall, or it could not be looked at. */
  readonly backend: string | null;
  readonly reason: string | null;
  readonly appliedAt: string | null;
  /** Null where the kernel was not compared. */
  readonly drift: {
    readonly rules: readonly string[];
    readonly lists: readonly ListChange[];
  } | null;
  readonly confirmUntil: string | null;
  readonly heldSince: string | null;
  readonly denied: readonly DenyCount[];
  readonly lists: readonly ListFacts[];
  readonly registries: readonly RegistryStatus[];
  /** Of the newest file. */
  readonly dataTime: string | null;
  readonly feeds: readonly FeedStatus[];
  readonly lastUpdate: UpdateRecord | null;
  /** By the service; without one, by the schedule for whoever follows it. */
  readonly nextRunAt: string | null;
  /** When a service asks for a feed by its own interval; null where none does. */
  readonly nextFeedAt: string | null;
  readonly services: readonly ServiceSnapshot[];
  readonly state: StateProbe;
}

export interface RegistryStatus {
  readonly registry: string;
  readonly serial: string | null;
  /** The time that the serial stands for. */
  readonly serialTime: string | null;
  readonly storedAt: string | null;
  /** When an update last found it up to date. */
  readonly goodAt: string | null;
}

export interface FeedStatus {
  readonly list: string;
  readonly host: string;
  readonly isAvailable: boolean;
  readonly checkedAt: string | null;
  readonly isOverdue: boolean;
  readonly failure: string | null;
}

/** Judges what was gathered. Pure. */
export function reportStatus(facts: StatusFacts): StatusReport {
  const { firewall, record = null, nowMs, services } = facts;
  const findings = findFaults(facts);
  const textsOf = (severity: Finding['severity']): string[] =>
    findings.filter((each) => each.severity === severity).map(({ text }) => text);
  const [failures, warnings] = [textsOf('failure'), textsOf('warning')];
  const nextRunAt = services.find((each) => each.nextRunAt !== null)?.nextRunAt;
  return {
    format: 1,
    version: packageVersion(),
    time: new Date(nowMs).toISOString(),
    healthy: failures.length === 0,
    exitCode: exitOf(failures, warnings),
    findings,
    warnings,
    failures,
    backend: firewall?.backend ?? null,
    reason: firewall?.reason ?? null,
    appliedAt: firewall?.appliedAt ?? null,
    drift: firewall?.difference
      ? {
          rules: [...firewall.difference.rules, ...(firewall.difference.asleep ?? [])],
          lists: listChanges(firewall.difference),
        }
      : null,
    confirmUntil: timeOf(firewall?.deadlineMs),
    heldSince: firewall?.heldSince ?? null,
    denied: firewall?.denied ?? [],
    lists: facts.lists,
    registries: registriesOf(facts),
    dataTime: timeOf(facts.dataMs),
    feeds: feedsOf(facts),
    lastUpdate: record,
    nextRunAt: nextRunAt ?? timeOf(facts.scheduledMs),
    nextFeedAt: services.find((each) => each.nextFeedAt !== undefined)?.nextFeedAt ?? null,
    services,
    state: facts.state,
  };
}

function exitOf(failures: readonly string[], warnings: readonly string[]): ExitCode {
  if (failures.length > 0) return EXIT.failed;
  return warnings.length > 0 ? EXIT.partial : EXIT.done;
}

function registriesOf({ ages, record }: StatusFacts): RegistryStatus[] {
  return ages.map(({ registry, serial, serialTimeMs, storedAtMs }) => ({
    registry,
    serial: serial ?? null,
    serialTime: timeOf(serialTimeMs),
    storedAt: timeOf(storedAtMs),
    goodAt: record?.registries.find((each) => each.registry === registry)?.goodAt ?? null,
  }));
}

function feedsOf({ feeds, nowMs }: StatusFacts): FeedStatus[] {
  return feeds.map((feed) => ({
    list: feed.list,
    host: feed.host,
    isAvailable: feed.isAvailable,
    checkedAt: timeOf(feed.checkedAtMs),
    isOverdue: overdueMs(feed, nowMs) !== undefined,
    failure: feed.failure ?? null,
  }));
}

function timeOf(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : new Date(timeMs).toISOString();
}
