import { hostname } from 'node:os';

import { changeLines } from '../firewall/describe.js';
import type { UpdateRecord } from '../jobs/last-update.js';
import type { ServiceSnapshot } from '../jobs/service-snapshot.js';
import type { StatusFacts } from '../jobs/status/facts.js';
import type { StatusReport } from '../jobs/status/report.js';
import { writeOut, writeTable } from './output.js';

/** So that all of it stands on one screen; --json has the rest. */
const LISTS_SHOWN = 12;
const RULES_SHOWN = 6;
const DRIFT_SHOWN = 8;
const FINDINGS_SHOWN = 12;

/** Prints a report for a person: one screen, whatever there is. */
export async function writeStatus(report: StatusReport, facts: StatusFacts): Promise<void> {
  const { failures, warnings, findings, lists } = report;
  await writeLines([
    `${hostname()}: ${countText(failures.length, 'failure')}, ${countText(warnings.length, 'warning')}`,
    ...shortened(
      findings.map(({ severity, text }) => `${severity}: ${text}`),
      FINDINGS_SHOWN,
    ),
    ...firewallLines(report, facts),
    ...dataLines(report),
    updateLine(report.lastUpdate),
    nextLine(report, facts),
    ...serviceLines(report.services),
  ]);
  await writeTable(
    ['list', 'ranges', 'ranges v6'],
    lists.slice(0, LISTS_SHOWN).map(({ list, ranges4, ranges6 }) => [list, ranges4, ranges6]),
  );
  await writeLines(moreLine(lists.length - LISTS_SHOWN, 'lists'));
  const denied = report.denied.filter(({ packets }) => packets > 0);
  denied.sort((a, b) => b.packets - a.packets);
  if (denied.length > 0) {
    await writeTable(
      ['rule', 'list', 'packets', 'bytes'],
      denied
        .slice(0, RULES_SHOWN)
        .map(({ rule, list, packets, bytes }) => [rule, list, packets, bytes]),
    );
    await writeLines(moreLine(denied.length - RULES_SHOWN, 'rules'));
  }
}

function firewallLines(report: StatusReport, facts: StatusFacts): string[] {
  if (!facts.hasFirewall) return ['firewall: none in the configuration'];
  if (report.backend === null) return ['firewall: not known, see above'];
  const applied = report.appliedAt ?? 'never';
  const lines = [`firewall: ${report.backend} (${report.reason ?? ''}), applied: ${applied}`];
  const difference = facts.firewall?.difference;
  if (difference === undefined) return [...lines, 'drift: not known, the lists cannot be made'];
  const changes = [...(difference.asleep ?? []), ...changeLines(difference)];
  if (changes.length === 0) return [...lines, 'drift: none, the kernel holds what it should'];
  const drift = changes.map((line) => `drift: ${line}`);
  return [...lines, ...shortened(drift, DRIFT_SHOWN)];
}

function dataLines({ registries, feeds, dataTime, time }: StatusReport): string[] {
  const nowMs = Date.parse(time);
  const ages = registries.map(({ registry, serialTime, storedAt }) =>
    storedAt === null
      ? `${registry} missing`
      : `${registry} ${ageText(serialTime, nowMs)} (fetched ${ageText(storedAt, nowMs)} ago)`,
  );
  const data = ages.length > 0 ? ages.join(', ') : ageText(dataTime, nowMs);
  const texts = feeds.map(({ list, checkedAt, isOverdue, isAvailable, failure }) => {
    const age = isAvailable ? ageText(checkedAt, nowMs) : 'missing';
    const fault = failure === null ? '' : `, last try failed: ${failure}`;
    return `${list} ${age}${isOverdue ? ' (overdue)' : ''}${fault}`;
  });
  return [`data: ${data}`, ...(texts.length > 0 ? [`feeds: ${texts.join(', ')}`] : [])];
}

function updateLine(record: UpdateRecord | null): string {
  if (record === null) return 'last update: none has ended yet';
  const { endedAt, exitCode, trigger, firewall, exported } = record;
  const outcome = ['done', 'failed', 'failed', 'done in part'][exitCode];
  return (
    `last update: ${endedAt} by ${trigger}: ${outcome ?? `exit code ${exitCode}`}; ` +
    `firewall ${firewall}, ${exported} files written`
  );
}

function nextLine({ nextRunAt, services }: StatusReport, { scheduledMs }: StatusFacts): string {
  if (services.some((each) => each.nextRunAt !== null)) return `next run: ${nextRunAt ?? ''}`;
  if (scheduledMs === undefined || nextRunAt === null) {
    return 'next run: no service tells of one (cron or a timer may run it)';
  }
  return `next run: ${nextRunAt} by the schedule, if cron or a timer follows it; no service runs`;
}

function serviceLines(services: readonly ServiceSnapshot[]): string[] {
  if (services.length === 0) return ['services: none answers'];
  return services.flatMap((service) => [
    `sekisho ${service.service}: process ${service.pid} since ${service.startedAt}${partsText(service)}`,
    ...dnsblLines(service),
    ...milterLines(service),
  ]);
}

function partsText({ parts }: ServiceSnapshot): string {
  const texts = Object.entries(parts).map(([name, { state, restarts }]) =>
    restarts > 0 ? `${name} ${state} (${restarts} restarts)` : `${name} ${state}`,
  );
  return texts.length > 0 ? `: ${texts.join(', ')}` : '';
}

function dnsblLines({ dnsbl }: ServiceSnapshot): string[] {
  if (dnsbl === undefined) return [];
  const { listen, zones, ratePerSecond, totals, listedByList } = dnsbl;
  const hits = Object.entries(listedByList)
    .filter(([, count]) => count > 0)
    .map(([list, count]) => `${list} ${count}`);
  return [
    `dnsbl: ${listen.join(', ')}, ${countText(zones.length, 'zone')}, ` +
      `${ratePerSecond.toFixed(1)} queries/s, ${totals.queries} queries, ${totals.listed} listed` +
      (hits.length > 0 ? ` (${shortened(hits, LISTS_SHOWN).join(', ')})` : ''),
  ];
}

function milterLines({ milter }: ServiceSnapshot): string[] {
  if (milter === undefined) return [];
  const { sessions, messages, checks, failures } = milter.counters;
  const found = Object.entries(checks)
    .filter(([, counts]) => counts.found > 0)
    .map(([check, { found: count, rejected, tempfailed }]) => {
      return `${check} ${count}, refused ${rejected + tempfailed}`;
    });
  return [
    `milter: ${milter.listen.join(', ')}${milter.isDryRun ? ', dry run' : ''}, ` +
      `${countText(sessions, 'session')}, ${countText(messages, 'message')}` +
      (found.length > 0 ? `; found by ${found.join('; ')}` : '') +
      (failures > 0 ? `; ${countText(failures, 'failure')}` : ''),
  ];
}

function shortened(lines: readonly string[], most: number): string[] {
  return [...lines.slice(0, most), ...moreLine(lines.length - most, '')];
}

function moreLine(count: number, what: string): string[] {
  return count > 0 ? [`… and ${count} more${what === '' ? '' : ` ${what}`}`] : [];
}

async function writeLines(lines: readonly string[]): Promise<void> {
  await writeOut(lines.map((line) => `${line}\n`));
}

function countText(count: number, what: string): string {
  return count === 0 ? `no ${what}` : `${count} ${what}${count === 1 ? '' : 's'}`;
}

function ageText(time: string | null, nowMs: number): string {
  if (time === null) return 'of unknown age';
  const hours = (nowMs - Date.parse(time)) / 3_600_000;
  if (hours < 0) return 'from the future';
  if (hours < 1) return `${Math.floor(hours * 60)} min`;
  return hours < 48 ? `${Math.floor(hours)} h` : `${Math.floor(hours / 24)} d`;
}
