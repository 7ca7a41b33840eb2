import type { Config, NotifyConfig } from '../../config/schema.js';
import { zonesNeedCountries } from '../../lists/in-use.js';
import { EXIT } from '../../util/errors.js';
import type { ListRecord, UpdateRecord } from '../last-update.js';
import type { Condition, Happening, Situation } from './notice.js';

/** What a situation is judged from. */
export interface SituationInput {
  readonly config: Pick<Config, 'lists' | 'dnsbl'>;
  readonly notify: Pick<NotifyConfig, 'patience' | 'change'>;
  readonly record: UpdateRecord;
  /** Time of the newest registry file; undefined where there is none. */
  readonly dataMs: number | undefined;
  readonly nowMs: number;
}

const DETAILS_SHOWN = 20;

/** How things stand after an update. Pure. */
export function situationAfter(input: SituationInput): Situation {
  const { record } = input;
  return {
    judged: ['update', 'stale'],
    conditions: [...failureOf(input), ...stalenessOf(input)],
    happenings: [
      ...record.lists.flatMap((list) => changeOf(list, input)),
      ...driftHappenings(record.endedAt, record.driftRepaired ?? []),
    ],
  };
}

/** That the kernel was put right. Pure. */
export function driftHappenings(at: string, lines: readonly string[]): Happening[] {
  if (lines.length === 0) return [];
  return [
    {
      kind: 'drift',
      subject: 'kernel',
      mark: at,
      message: 'the firewall was not as it had been left, and was put right',
      details: lines.slice(0, DETAILS_SHOWN),
    },
  ];
}

function failureOf({ record, notify, nowMs }: SituationInput): Condition[] {
  const { exitCode, error, warnings, failingSince, startedAt } = record;
  if (exitCode === EXIT.done) return [];
  const since = failingSince ?? startedAt;
  const isPartial = exitCode === EXIT.partial;
  const reasons = error === undefined ? warnings : [error, ...warnings];
  const what = isPartial ? 'the update succeeded only in part' : 'the update failed';
  return [
    {
      kind: 'update',
      message: `${what}: ${reasons[0]?.split('\n')[0] ?? `exit code ${exitCode}`}`,
      details: reasons.slice(0, DETAILS_SHOWN),
      since,
      isMinor: isPartial && nowMs - Date.parse(since) < notify.patience,
    },
  ];
}

/** As the DNSBL judges it when it loads its zones. */
function stalenessOf({ config, dataMs, nowMs }: SituationInput): Condition[] {
  const { dnsbl } = config;
  if (dnsbl === undefined || dataMs === undefined || !zonesNeedCountries(config)) return [];
  const staleMs = dataMs + dnsbl.max_age;
  if (nowMs < staleMs) return [];
  const what =
    dnsbl.stale === 'serve' ? 'its zones are served all the same' : 'its zones answer SERVFAIL';
  return [
    {
      kind: 'stale',
      message: `the DNSBL's registry data is stale: ${what}`,
      details: [`the newest registry file is of ${new Date(dataMs).toISOString().slice(0, 10)}`],
      since: new Date(staleMs).toISOString(),
      isMinor: false,
    },
  ];
}

function changeOf(record: ListRecord, { config, notify }: SituationInput): Happening[] {
  const { list, before } = record;
  const definition = config.lists[list];
  // what a person keeps by hand changes because he changes it
  if (before === undefined || definition === undefined || definition.file !== undefined) return [];
  const changes = (
    [
      ['IPv4', before.addresses4, record.addresses4],
      ['IPv6', before.addresses6, record.addresses6],
    ] as const
  ).filter(([, old, now]) => old > 0 && Math.abs(now - old) > notify.change * old);
  if (changes.length === 0) return [];
  const texts = changes.map(([family, old, now]) => {
    const percent = `${now > old ? '+' : ''}${(((now - old) / old) * 100).toFixed(1)} %`;
    return `${family} ${countText(old)} → ${countText(now)} addresses (${percent})`;
  });
  return [
    {
      kind: 'change',
      subject: list,
      mark: [before.addresses4, record.addresses4, before.addresses6, record.addresses6].join(' '),
      message: `list ${list} changed much: ${texts.join(', ')}`,
      details: [],
    },
  ];
}

function countText(count: number): string {
  return count < 1e15 ? String(count) : count.toExponential(2);
}
