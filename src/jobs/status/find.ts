import { differs, endsOtherwise } from '../../firewall/enforce.js';
import { feedWarnings } from '../../lists/feeds/times.js';
import { EXIT } from '../../util/errors.js';
import { killedText } from '../killed-update.js';
import type { StatusFacts } from './facts.js';
import type { Finding, FindingName } from './finding.js';
import { findJumpsBack } from './find-jumps-back.js';

const DAY_MS = 86_400_000;
/** Data older than this is a warning; so is a registry that was not reached for as long. */
const OLD_MS = 7 * DAY_MS;
/** An update waits for others, is put off on purpose, and takes its time. */
const LATE_MS = 3_600_000;
const LISTS_FAULTS_SHOWN = 5;

/** Everything that a person should know, failures first, nothing twice. Pure. */
export function findFaults(facts: StatusFacts): Finding[] {
  const found = [
    ...firewallFindings(facts),
    ...serviceFindings(facts),
    ...updateFindings(facts),
    ...dataFindings(facts),
    ...findJumpsBack(facts).map((text) => warning('clock-back', text)),
    ...stateFindings(facts),
  ];
  const texts = new Set<string>();
  const once = found.filter(({ text }) => !texts.has(text) && texts.add(text));
  const isFailure = ({ severity }: Finding): boolean => severity === 'failure';
  return [...once.filter(isFailure), ...once.filter((each) => !isFailure(each))];
}

function firewallFindings(facts: StatusFacts): Finding[] {
  const { firewall, hasFirewall, unread, isRoot, nowMs } = facts;
  if (!hasFirewall) return [];
  const fault = unread.find(({ what }) => what === 'firewall');
  if (fault !== undefined) {
    if (isRoot) return [failure('firewall-unread', fault.message)];
    return [warning('firewall-unread', `the kernel was not compared: ${fault.message}`)];
  }
  if (firewall === undefined) return [];
  const { difference, heldSince, deadlineMs } = firewall;
  const findings: Finding[] = [];
  if (difference !== undefined && endsOtherwise(difference) && findJumpsBack(facts).length > 0) {
    // timers of the kernel do not follow a clock that is set
    const text =
      'entries with an end are timed by the clock as it was; the next update, or look of ' +
      '`sekisho run`, times them anew';
    findings.push(warning('clock-back', text));
  } else if (difference !== undefined && differs(difference)) {
    findings.push(
      failure('drift', 'the kernel does not hold what it should; `sekisho plan` tells more'),
    );
  }
  for (const text of difference?.asleep ?? []) findings.push(failure('drift', text));
  if (heldSince !== undefined) {
    const text = `rolled back at ${heldSince}: unattended runs do not apply until you do`;
    findings.push(warning('held-after-rollback', text));
  }
  if (deadlineMs !== undefined) {
    const text =
      deadlineMs > nowMs
        ? `waiting for \`sekisho confirm\` until ${timeText(deadlineMs)}`
        : `nobody confirmed the last apply until ${timeText(deadlineMs)}, and it stands all the same`;
    findings.push(warning('confirmation-pending', text));
  }
  return findings;
}

function serviceFindings({ services, serviceFaults, record }: StatusFacts): Finding[] {
  const findings = serviceFaults.map((text) => warning('service-silent', text));
  for (const { service, parts, dnsbl, warnings, lastRuns } of services) {
    for (const [part, { state, lastFault = '' }] of Object.entries(parts)) {
      if (state === 'failed')
        findings.push(failure('part-failed', `sekisho ${service}: ${part} failed: ${lastFault}`));
    }
    for (const { name, state } of dnsbl?.zones ?? []) {
      if (state !== 'failed') continue;
      const text = `zone ${name} has no content and answers SERVFAIL`;
      findings.push(failure('zone-failed', `sekisho ${service}: ${text}`));
    }
    for (const text of warnings) {
      findings.push(warning('service-warning', `sekisho ${service}: ${text}`));
    }
    const [last] = lastRuns;
    // who was killed left no record
    if (last?.exitCode === null && !(record && record.startedAt > last.startedAt)) {
      findings.push(warning('update-killed', killedText(last.startedAt)));
    }
  }
  return findings;
}

function updateFindings(facts: StatusFacts): Finding[] {
  const findings = recordFindings(facts);
  // where the daemon knows it already, it told
  const isTold = serviceFindings(facts).some(({ name }) => name === 'update-killed');
  if (facts.killedSince === undefined || isTold) return findings;
  return [warning('update-killed', killedText(facts.killedSince)), ...findings];
}

function recordFindings(facts: StatusFacts): Finding[] {
  const { record, unread, overdueMs, nowMs } = facts;
  const fault = unread.find(({ what }) => what === 'last update');
  if (fault !== undefined) return [warning('update-unread', fault.message)];
  if (record === undefined) return [];
  const { exitCode, error, warnings, startedAt, endedAt } = record;
  const findings: Finding[] = [];
  if (exitCode !== EXIT.done) {
    const [reason = `exit code ${exitCode}`] = (error ?? warnings[0])?.split('\n') ?? [];
    const since = `, as has every update since ${record.failingSince ?? startedAt}`;
    findings.push(
      exitCode === EXIT.partial
        ? warning('update-partial', `the last update succeeded only in part${since}: ${reason}`)
        : warning('update-failed', `the last update failed${since}: ${reason}`),
    );
  }
  if (overdueMs !== undefined && nowMs > overdueMs + LATE_MS) {
    const running = facts.services.some(({ service }) => service === 'run');
    findings.push(
      warning(
        'update-overdue',
        `the last update ended at ${endedAt}, and two runs of the schedule were missed since` +
          (running ? '' : '; no `sekisho run` can be asked: does it run, or cron?'),
      ),
    );
  }
  return findings;
}

function dataFindings(facts: StatusFacts): Finding[] {
  const { dataMs, nowMs, unread, isRoot, feeds, listFaults, dnsbl } = facts;
  const findings: Finding[] = [];
  const severity = isRoot ? 'failure' : 'warning';
  for (const { what, message } of unread) {
    if (what === 'data') findings.push({ name: 'data-unread', severity, text: message });
    if (what === 'lists') findings.push({ name: 'lists-unread', severity, text: message });
  }
  const ageMs = dataMs === undefined ? 0 : nowMs - dataMs;
  if (ageMs > OLD_MS) {
    const days = (ageMs / DAY_MS).toFixed(0);
    findings.push(warning('data-old', `the newest registry file is ${days} days old`));
  }
  if (dnsbl !== undefined && ageMs >= dnsbl.maxAgeMs) {
    const what = dnsbl.isServedStale
      ? 'its zones are served all the same'
      : 'its zones answer SERVFAIL';
    findings.push(warning('zones-stale', `the DNSBL's registry data is stale: ${what}`));
  }
  findings.push(...reachFindings(facts));
  const old = feedWarnings(feeds, nowMs);
  findings.push(...old.map((text) => warning('feed-old', text)));
  for (const text of listFaults
    .filter((each) => !old.includes(each))
    .slice(0, LISTS_FAULTS_SHOWN)) {
    findings.push(warning('lists-lacking', text));
  }
  if (listFaults.length - old.length > LISTS_FAULTS_SHOWN) {
    const more = listFaults.length - old.length - LISTS_FAULTS_SHOWN;
    findings.push(
      warning('lists-lacking', `lists lack ${more} lines more; see \`sekisho export\``),
    );
  }
  return findings;
}

/** Registries without a file, and those that no update found up to date for a week. */
function reachFindings({ ages, record, nowMs }: StatusFacts): Finding[] {
  const missing = ages.filter(({ storedAtMs }) => storedAtMs === undefined);
  const findings: Finding[] = [];
  // where all are missing, that is a failure of its own
  if (missing.length > 0 && missing.length < ages.length) {
    const names = missing.map(({ registry }) => registry).join(', ');
    const text = `no file of ${names}: countries are incomplete; run \`sekisho update\``;
    findings.push(warning('data-missing', text));
  }
  const unreached = ages.flatMap(({ registry, storedAtMs }) => {
    const known = record?.registries.find((each) => each.registry === registry)?.goodAt;
    const goodMs = known === undefined ? storedAtMs : Date.parse(known);
    return goodMs !== undefined && nowMs - goodMs > OLD_MS
      ? [`${registry} (since ${timeText(goodMs)})`]
      : [];
  });
  if (unreached.length > 0) {
    const text = `not reached for more than a week: ${unreached.join(', ')}; the old files stay`;
    findings.push(warning('registry-unreached', text));
  }
  return findings;
}

function stateFindings({ state, isRoot }: StatusFacts): Finding[] {
  if (state.state === 'refused') {
    const text = `nothing can be kept: ${state.fault ?? state.path}`;
    return [warning('state-unwritable', text)];
  }
  // to root, no folder denies anything but for a reason
  if (state.state === 'denied' && isRoot) {
    return [warning('state-unwritable', `nothing can be kept: ${state.path} takes no file`)];
  }
  return [];
}

function failure(name: FindingName, text: string): Finding {
  return { name, severity: 'failure', text };
}

function warning(name: FindingName, text: string): Finding {
  return { name, severity: 'warning', text };
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
