import { Counter, Gauge, Registry } from 'prom-client';

import type { DenyCount } from '../firewall/backend.js';
import type { MilterSnapshot } from '../mta/milter/server/server.js';
import type { UpdateRecord } from '../jobs/last-update.js';
import type { DnsblSnapshot, ServiceSnapshot } from '../jobs/service-snapshot.js';
import type { StoredAge } from '../sources/stored-ages.js';

/** What metrics are made from. */
export interface MetricsInput {
  readonly nowMs: number;
  readonly version: string;
  readonly snapshot: ServiceSnapshot;
  readonly ages: readonly StoredAge[];
  /** The last update; undefined where there was none. */
  readonly record: UpdateRecord | undefined;
  /** Undefined where there is no firewall, or the kernel cannot be read. */
  readonly denied: readonly DenyCount[] | undefined;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [value: number | undefined, labels?: Labels];

/** Metrics in Prometheus' text format, made anew at each call. */
export async function metricsText(input: MetricsInput): Promise<string> {
  const page = new Page();
  addService(page, input);
  addData(page, input);
  addUpdate(page, input.record);
  addFirewall(page, input);
  if (input.snapshot.dnsbl) addDnsbl(page, input.snapshot.dnsbl);
  if (input.snapshot.milter) addMilter(page, input.snapshot.milter);
  return page.registry.metrics();
}

/** Samples without a value are left out: unknown is not zero. */
class Page {
  readonly registry = new Registry();

  gauge(name: string, help: string, samples: readonly Sample[]): void {
    const known = samples.filter(isKnown);
    if (known.length === 0) return;
    const gauge = new Gauge({ ...this.#head(name, help, known), registers: [this.registry] });
    for (const [value, labels = {}] of known) gauge.set(labels, value);
  }

  counter(name: string, help: string, samples: readonly Sample[]): void {
    const known = samples.filter(isKnown);
    if (known.length === 0) return;
    const counter = new Counter({ ...this.#head(name, help, known), registers: [this.registry] });
    for (const [value, labels = {}] of known) counter.inc(labels, value);
  }

  #head(
    name: string,
    help: string,
    [first]: readonly Sample[],
  ): { readonly name: string; readonly help: string; readonly labelNames: string[] } {
    return { name: `sekisho_${name}`, help, labelNames: Object.keys(first?.[1] ?? {}) };
  }
}

function isKnown(sample: Sample): sample is readonly [number, Labels?] {
  return sample[0] !== undefined && !Number.isNaN(sample[0]);
}

function addService(page: Page, { snapshot, version }: MetricsInput): void {
  const { service, startedAt, nextRunAt, nextFeedAt, parts } = snapshot;
  page.gauge('build_info', 'Version of Sekisho; always 1.', [[1, { version, service }]]);
  page.gauge('start_timestamp_seconds', 'When the service began.', [[secondsOf(startedAt)]]);
  page.gauge('next_update_timestamp_seconds', 'When the next update is due.', [
    [secondsOf(nextRunAt)],
  ]);
  page.gauge('next_feed_timestamp_seconds', 'When a feed is asked for by its own interval.', [
    [secondsOf(nextFeedAt ?? null)],
  ]);
  page.gauge(
    'part_up',
    'Whether a part of the service does its work.',
    Object.entries(parts).map(([part, { state }]) => [state === 'running' ? 1 : 0, { part }]),
  );
  page.counter(
    'part_restarts_total',
    'How often a part was started again after it had died.',
    Object.entries(parts).map(([part, { restarts }]) => [restarts, { part }]),
  );
}

function addData(page: Page, { ages, nowMs }: MetricsInput): void {
  const age = (timeMs: number | undefined): number | undefined =>
    timeMs === undefined ? undefined : (nowMs - timeMs) / 1000;
  page.gauge(
    'registry_data_age_seconds',
    "Age of a registry's file by the serial in its header.",
    ages.map(({ registry, serialTimeMs }) => [age(serialTimeMs), { registry }]),
  );
  page.gauge(
    'registry_stored_age_seconds',
    "Time since a registry's file was downloaded.",
    ages.map(({ registry, storedAtMs }) => [age(storedAtMs), { registry }]),
  );
}

function addUpdate(page: Page, record: UpdateRecord | undefined): void {
  if (record === undefined) return;
  const { startedAt, endedAt, lastDoneAt, exitCode, registries, lists } = record;
  const [start, end] = [secondsOf(startedAt), secondsOf(endedAt)];
  page.gauge('update_timestamp_seconds', 'When the last update ended.', [[end]]);
  page.gauge('update_success_timestamp_seconds', 'When an update last succeeded wholly.', [
    [secondsOf(lastDoneAt)],
  ]);
  page.gauge('update_duration_seconds', 'How long the last update took.', [
    [start === undefined || end === undefined ? undefined : end - start],
  ]);
  page.gauge('update_success', 'Whether the last update succeeded wholly.', [
    [exitCode === 0 ? 1 : 0],
  ]);
  page.gauge('update_exit_code', 'Exit code of the last update: 1 failed, 3 in part.', [
    [exitCode],
  ]);
  page.gauge(
    'registry_success_timestamp_seconds',
    "When a registry's file was last found up to date.",
    registries.map(({ registry, goodAt }) => [secondsOf(goodAt), { registry }]),
  );
  page.gauge(
    'list_ranges',
    'Ranges that a list holds.',
    lists.flatMap(({ list, ranges4, ranges6 }): Sample[] => [
      [ranges4, { list, family: 'ipv4' }],
      [ranges6, { list, family: 'ipv6' }],
    ]),
  );
  page.gauge(
    'list_addresses',
    'Addresses that a list holds; of IPv6 not exact.',
    lists.flatMap(({ list, addresses4, addresses6 }): Sample[] => [
      [addresses4, { list, family: 'ipv4' }],
      [addresses6, { list, family: 'ipv6' }],
    ]),
  );
}

function addFirewall(page: Page, { denied = [], snapshot: { drift } }: MetricsInput): void {
  page.counter(
    'firewall_denied_packets_total',
    'Packets that a rule denied on account of a list; of an observing rule, those that passed.',
    denied.map(({ rule, list, packets }) => [packets, { rule, list }]),
  );
  page.counter(
    'firewall_denied_bytes_total',
    'Bytes of those packets.',
    denied.map(({ rule, list, bytes }) => [bytes, { rule, list }]),
  );
  page.counter('drift_repairs_total', 'How often the kernel was put right.', [[drift?.repairs]]);
  page.gauge('drift_check_timestamp_seconds', 'When kernel and configuration were last compared.', [
    [secondsOf(drift?.lastCheckAt)],
  ]);
}

const RESULTS = ['listed', 'empty', 'nxdomain', 'errors', 'dropped', 'limited'] as const;

function addDnsbl(page: Page, { zones, listedByList, loadedAt }: DnsblSnapshot): void {
  page.counter(
    'dnsbl_queries_total',
    'Questions about a zone by what became of them.',
    zones.flatMap((zone) =>
      RESULTS.map((result): Sample => [zone[result], { zone: zone.name, result }]),
    ),
  );
  page.counter(
    'dnsbl_listed_total',
    'Answers from a list.',
    Object.entries(listedByList).map(([list, count]) => [count, { list }]),
  );
  page.gauge(
    'dnsbl_zone_entries',
    'Ranges and names that a zone holds.',
    zones.map(({ name, entries }) => [entries, { zone: name }]),
  );
  page.gauge(
    'dnsbl_zone_ready',
    'Whether a zone has something to answer from.',
    zones.map(({ name, state }) => [state === 'ready' ? 1 : 0, { zone: name }]),
  );
  page.gauge('dnsbl_loaded_timestamp_seconds', 'When zones were last loaded.', [
    [secondsOf(loadedAt)],
  ]);
}

function addMilter(page: Page, { counters, openConnections }: MilterSnapshot): void {
  const { sessions, messages, recipients, notJudged, checks, connections } = counters;
  page.counter('milter_sessions_total', 'SMTP connections that the milter was told of.', [
    [sessions],
  ]);
  page.counter('milter_messages_total', 'Messages that it was told of.', [[messages]]);
  page.counter('milter_recipients_total', 'Recipients that it was told of.', [[recipients]]);
  page.counter(
    'milter_not_judged_total',
    'SMTP connections that were not judged, by why.',
    Object.entries(notJudged).map(([reason, count]) => [count, { reason }]),
  );
  page.counter(
    'milter_check_outcomes_total',
    'What became of what a check found.',
    Object.entries(checks).flatMap(([check, counts]) =>
      Object.entries(counts).map(([outcome, count]): Sample => [count, { check, outcome }]),
    ),
  );
  page.counter('milter_forged_headers_total', 'Headers of our name that were taken out.', [
    [counters.forgedHeaders],
  ]);
  page.counter('milter_failures_total', 'Sessions in which something failed inside.', [
    [counters.failures],
  ]);
  page.counter(
    'milter_connections_total',
    'Connections of mail servers by what became of them.',
    Object.entries(connections).map(([outcome, count]) => [count, { outcome }]),
  );
  page.gauge('milter_open_connections', 'Connections of mail servers that are open now.', [
    [openConnections],
  ]);
}

function secondsOf(time: string | null | undefined): number | undefined {
  return time === null || time === undefined ? undefined : Date.parse(time) / 1000;
}
