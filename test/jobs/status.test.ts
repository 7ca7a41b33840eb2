import { describe, expect, test } from 'vitest';

import type { FirewallFacts, StatusFacts } from '../../src/jobs/status/facts.js';
import { FINDING_NAMES } from '../../src/jobs/status/finding.js';
import { findFaults } from '../../src/jobs/status/find.js';
import { reportStatus } from '../../src/jobs/status/report.js';
import type { UpdateRecord } from '../../src/jobs/last-update.js';
import type { ServiceSnapshot } from '../../src/jobs/service-snapshot.js';
import { codeIn, readPage, sectionsOf, tableRows } from '../docs/markdown.js';

const NOW_MS = Date.parse('2026-11-20T12:00:00Z');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function before(ageMs: number): string {
  return new Date(NOW_MS - ageMs).toISOString();
}

const RECORD: UpdateRecord = {
  format: 1,
  trigger: 'command',
  startedAt: before(HOUR_MS + 1000),
  endedAt: before(HOUR_MS),
  exitCode: 0,
  warnings: [],
  registries: [
    { registry: 'apnic', outcome: 'updated', message: '', goodAt: before(HOUR_MS) },
    { registry: 'arin', outcome: 'unchanged', message: '', goodAt: before(HOUR_MS) },
  ],
  feeds: [],
  lists: [],
  leftOut: {},
  expired: 0,
  exported: 0,
  firewall: 'applied',
};

const FIREWALL: FirewallFacts = {
  backend: 'nftables',
  reason: 'configured',
  appliedAt: before(HOUR_MS),
  difference: { present: true, rules: [], lists: [] },
  denied: [],
  deadlineMs: undefined,
  heldSince: undefined,
};

const SERVICE: ServiceSnapshot = {
  format: 1,
  service: 'run',
  pid: 1,
  version: '1',
  startedAt: before(DAY_MS),
  configFile: null,
  configuredAt: before(DAY_MS),
  nextRunAt: before(-HOUR_MS),
  lastRuns: [],
  parts: {},
  warnings: [],
};

/** All is well here. */
const FACTS: StatusFacts = {
  nowMs: NOW_MS,
  hasFirewall: true,
  dnsbl: { maxAgeMs: 3 * DAY_MS, isServedStale: true },
  ages: [
    { registry: 'apnic', serialTimeMs: NOW_MS - DAY_MS, storedAtMs: NOW_MS - HOUR_MS },
    { registry: 'arin', serialTimeMs: NOW_MS - 2 * DAY_MS, storedAtMs: NOW_MS - 2 * DAY_MS },
  ],
  dataMs: NOW_MS - DAY_MS,
  feeds: [],
  record: RECORD,
  lists: [{ list: 'asia', ranges4: 1, ranges6: 1 }],
  listFaults: [],
  firewall: FIREWALL,
  services: [],
  serviceFaults: [],
  state: { path: '/state', state: 'writable' },
  unread: [],
  isRoot: true,
  scheduledMs: undefined,
  overdueMs: undefined,
};

const FEED = {
  list: 'drop',
  everyMs: undefined,
  maxAgeMs: DAY_MS,
  checkedAtMs: NOW_MS - 2 * DAY_MS,
  triedAtMs: NOW_MS,
  isOther: false,
  host: 'www.example.net',
  isAvailable: true,
  failure: undefined,
  isEmptyWhenOld: false,
};

function service(more: Partial<ServiceSnapshot>): Partial<StatusFacts> {
  return { services: [{ ...SERVICE, ...more }] };
}

function firewall(more: Partial<FirewallFacts>): Partial<StatusFacts> {
  return { firewall: { ...FIREWALL, ...more } };
}

function record(more: Partial<UpdateRecord>): Partial<StatusFacts> {
  return { record: { ...RECORD, ...more } };
}

const NO_COUNTS = {
  queries: 0,
  listed: 0,
  empty: 0,
  nxdomain: 0,
  errors: 0,
  dropped: 0,
  limited: 0,
};

const CASES: readonly (readonly [
  what: string,
  more: Partial<StatusFacts>,
  name: string,
  text: RegExp,
])[] = [
  [
    'the kernel holds something else',
    firewall({ difference: { present: true, rules: ['chain input is missing'], lists: [] } }),
    'failure drift',
    /does not hold what it should/,
  ],
  [
    'the kernel holds nothing',
    firewall({ difference: { present: false, rules: [], lists: [] } }),
    'failure drift',
    /does not hold what it should/,
  ],
  [
    'root cannot read the kernel',
    { firewall: undefined, unread: [{ what: 'firewall', message: 'nft is missing' }] },
    'failure firewall-unread',
    /^nft is missing$/,
  ],
  [
    'a user may not read the kernel',
    { isRoot: false, firewall: undefined, unread: [{ what: 'firewall', message: 'not root' }] },
    'warning firewall-unread',
    /^the kernel was not compared: not root$/,
  ],
  [
    'an apply waits',
    firewall({ deadlineMs: NOW_MS + 60_000 }),
    'warning confirmation-pending',
    /`sekisho confirm` until 2026-11-20T12:01/,
  ],
  [
    'an apply waited too long',
    firewall({ deadlineMs: NOW_MS - 60_000 }),
    'warning confirmation-pending',
    /nobody confirmed the last apply until 2026-11-20T11:59/,
  ],
  [
    'somebody rolled back',
    firewall({ heldSince: before(HOUR_MS) }),
    'warning held-after-rollback',
    /rolled back at 2026-11-20T11:00:00.000Z: unattended runs do not apply/,
  ],
  [
    'updates fail',
    record({ exitCode: 1, error: 'no registry\nmore', failingSince: before(2 * DAY_MS) }),
    'warning update-failed',
    /failed, as has every update since 2026-11-18T12:00:00.000Z: no registry$/,
  ],
  [
    'updates succeed in part',
    record({ exitCode: 3, warnings: ['arin failed'], failingSince: before(DAY_MS) }),
    'warning update-partial',
    /only in part, as has every update since 2026-11-19T12:00:00.000Z: arin failed$/,
  ],
  [
    'an update was killed',
    service({
      lastRuns: [
        { trigger: 'daemon', startedAt: before(60_000), endedAt: before(0), exitCode: null },
      ],
    }),
    'warning update-killed',
    /was killed/,
  ],
  [
    'two runs were missed',
    { overdueMs: NOW_MS - 2 * HOUR_MS },
    'warning update-overdue',
    /two runs of the schedule were missed since; no `sekisho run` can be asked/,
  ],
  [
    'the record is damaged',
    { record: undefined, unread: [{ what: 'last update', message: 'cannot be read' }] },
    'warning update-unread',
    /cannot be read/,
  ],
  [
    'a registry was down for a week, others were not',
    record({
      registries: [
        RECORD.registries[0] ?? { registry: 'apnic', outcome: 'updated', message: '' },
        { registry: 'arin', outcome: 'failed', message: '', goodAt: before(8 * DAY_MS) },
      ],
    }),
    'warning registry-unreached',
    /^not reached for more than a week: arin \(since 2026-11-12T12:00:00.000Z\)/,
  ],
  [
    'a registry has no file',
    { ages: [FACTS.ages[0] ?? { registry: 'apnic' }, { registry: 'arin' }] },
    'warning data-missing',
    /no file of arin: countries are incomplete/,
  ],
  [
    'data is old',
    { dnsbl: undefined, dataMs: NOW_MS - 9 * DAY_MS },
    'warning data-old',
    /^the newest registry file is 9 days old$/,
  ],
  [
    'zones are stale, and served',
    { dataMs: NOW_MS - 4 * DAY_MS },
    'warning zones-stale',
    /stale: its zones are served all the same/,
  ],
  [
    'zones are stale, and not served',
    { dataMs: NOW_MS - 4 * DAY_MS, dnsbl: { maxAgeMs: DAY_MS, isServedStale: false } },
    'warning zones-stale',
    /stale: its zones answer SERVFAIL/,
  ],
  [
    'there is no data at all',
    { unread: [{ what: 'data', message: 'no statistics file' }] },
    'failure data-unread',
    /no statistics file/,
  ],
  [
    'lists cannot be made',
    { unread: [{ what: 'lists', message: 'blocked.txt cannot be read' }] },
    'failure lists-unread',
    /blocked.txt cannot be read/,
  ],
  ['a feed is old', { feeds: [FEED] }, 'warning feed-old', /list drop: www.example.net/],
  [
    'a feed is so old that its list is empty',
    { feeds: [{ ...FEED, isEmptyWhenOld: true }] },
    'warning feed-old',
    /longer than max_age: the list is empty/,
  ],
  [
    'the same is told of the lists',
    {
      feeds: [FEED],
      listFaults: [
        'list drop: www.example.net could not be asked since 2026-11-18T12:00Z, longer than max_age',
      ],
    },
    'warning feed-old',
    /list drop: www.example.net/,
  ],
  ['a line is bad', { listFaults: ['blocked.txt:1'] }, 'warning lists-lacking', /blocked.txt:1/],
  [
    'the disk is full',
    { state: { path: '/state', state: 'refused', fault: 'no space left' } },
    'warning state-unwritable',
    /nothing can be kept: no space left/,
  ],
  [
    'a part of the daemon failed',
    service({ parts: { metrics: { state: 'failed', restarts: 1, lastFault: 'in use' } } }),
    'failure part-failed',
    /sekisho run: metrics failed: in use/,
  ],
  [
    'a zone has no content, and the service says so',
    service({
      warnings: ['zone bl.example.net has no content and answers SERVFAIL'],
      dnsbl: {
        listen: [],
        zones: [
          { name: 'bl.example.net', state: 'failed', serial: null, entries: 0, ...NO_COUNTS },
        ],
        totals: NO_COUNTS,
        ratePerSecond: 0,
        listedByList: {},
        loadedAt: null,
      },
    }),
    'failure zone-failed',
    /zone bl.example.net has no content/,
  ],
  [
    'a service warns',
    service({ warnings: ['look'] }),
    'warning service-warning',
    /^sekisho run: look$/,
  ],
  [
    'a service is silent',
    { serviceFaults: ['sekisho run cannot be asked'] },
    'warning service-silent',
    /cannot be asked/,
  ],
  ...(
    [
      ['an update', record({ endedAt: before(-DAY_MS) }), 'the last update ended at 2026-11-21'],
      ['an apply', firewall({ appliedAt: before(-DAY_MS) }), 'the firewall was applied at'],
      [
        'a download',
        { ages: [{ registry: 'apnic', storedAtMs: NOW_MS + DAY_MS }] },
        'a registry file was stored at',
      ],
      [
        'a registry file',
        { ages: [{ registry: 'apnic', serialTimeMs: NOW_MS + 9 * DAY_MS, storedAtMs: NOW_MS }] },
        'the newest registry file is of 2026-11-29',
      ],
    ] as const
  ).map(
    ([what, more, text]) =>
      [
        `the clock jumped back behind ${what}`,
        more,
        'warning clock-back',
        new RegExp(text),
      ] as const,
  ),
];

describe('status', () => {
  test('has nothing to find where all is well', () => {
    const report = reportStatus({ ...FACTS, ...service({}), overdueMs: NOW_MS + DAY_MS });
    expect(report).toMatchObject({ exitCode: 0, healthy: true, findings: [], warnings: [] });
    expect(report.nextRunAt).toBe(SERVICE.nextRunAt);
  });

  test.each(CASES)('%s', (_, more, name, text) => {
    const findings = findFaults({ ...FACTS, ...more });
    expect(findings.map((each) => `${each.severity} ${each.name}`)).toEqual([name]);
    expect(findings[0]?.text).toMatch(text);
    const { exitCode, healthy } = reportStatus({ ...FACTS, ...more });
    expect({ exitCode, healthy }).toEqual(
      name.startsWith('failure') ? { exitCode: 1, healthy: false } : { exitCode: 3, healthy: true },
    );
  });

  test('every name has its case, and its row in the documentation', () => {
    const cases = CASES.map(([, , name]) => name.split(' ')[1]);
    expect([...new Set(cases)].sort()).toEqual([...FINDING_NAMES].sort());
    const page = sectionsOf(readPage('docs/operations.md')).get('What `status` finds') ?? '';
    const [, ...rows] = tableRows(page);
    expect(rows.flatMap(([cell = '']) => codeIn(cell)).sort()).toEqual([...FINDING_NAMES].sort());
  });

  test('failures come first', () => {
    const findings = findFaults({
      ...FACTS,
      dataMs: NOW_MS - 30 * DAY_MS,
      ...firewall({ heldSince: before(0), difference: { present: false, rules: [], lists: [] } }),
    });
    expect(findings.map(({ severity }) => severity)).toEqual([
      'failure',
      'warning',
      'warning',
      'warning',
    ]);
  });

  test('where nothing was ever updated, applied or started, that is no fault', () => {
    const findings = findFaults({
      ...FACTS,
      record: undefined,
      state: { path: '/state', state: 'absent' },
      ...firewall({ appliedAt: undefined }),
    });
    expect(findings).toEqual([]);
  });
});
