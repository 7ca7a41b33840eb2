import type {
  AddressSummary,
  CountrySummary,
  DaySummary,
  ListSummary,
} from '../reports/summaries.js';
import { OUTCOMES } from '../mta/milter/counters.js';
import { type MilterSummary, outcomeTotals } from '../reports/milter-summaries.js';
import type { Delegation } from '../sources/country-data.js';
import { writeTable } from './output.js';

/** Stands for addresses that the kernel did not remember. */
const NOT_REMEMBERED = 'not remembered';

export async function writeAddresses(summaries: readonly AddressSummary[]): Promise<void> {
  await writeTable(
    ['address', 'country', 'block', 'packets', 'first seen', 'last seen', 'list', 'rule'],
    summaries.map((summary) => [
      summary.address ?? NOT_REMEMBERED,
      countryText(summary),
      blockText(summary.delegation),
      summary.packets,
      timeText(summary.first),
      timeText(summary.last),
      summary.lists.join(', '),
      summary.rules.join(', '),
    ]),
  );
}

export async function writeCountries(summaries: readonly CountrySummary[]): Promise<void> {
  await writeTable(
    ['country', 'addresses', 'packets', 'first seen', 'last seen'],
    summaries.map((summary) => [
      summary.addresses === 0 ? NOT_REMEMBERED : countryText(summary),
      summary.addresses,
      summary.packets,
      timeText(summary.first),
      timeText(summary.last),
    ]),
  );
}

export async function writeLists(summaries: readonly ListSummary[]): Promise<void> {
  await writeTable(
    ['list', 'rule', 'addresses', 'packets', 'first seen', 'last seen'],
    summaries.map(({ list, rule, addresses, packets, first, last }) => [
      list,
      rule,
      addresses,
      packets,
      timeText(first),
      timeText(last),
    ]),
  );
}

export async function writeDays(summaries: readonly DaySummary[]): Promise<void> {
  await writeTable(
    ['day', 'addresses', 'packets'],
    summaries.map(({ day, addresses, packets }) => [day, addresses, packets]),
  );
}

/** What the milter found and answered, by check and by list. */
export async function writeChecks({ checks, lists }: MilterSummary): Promise<void> {
  await writeTable(
    ['check', ...OUTCOMES],
    [
      ...checks.map(({ check, ...counts }) => [check, ...OUTCOMES.map((name) => counts[name])]),
      ...lists.map(({ list, ...counts }) => [
        `of list ${list}`,
        ...OUTCOMES.map((name) => counts[name]),
      ]),
    ],
  );
}

/** The same of all checks together, a line a day. */
export async function writeMilterDays(days: ReadonlyMap<string, MilterSummary>): Promise<void> {
  await writeTable(
    ['day', 'sessions', 'messages', ...OUTCOMES],
    [...days].map(([day, summary]) => {
      const totals = outcomeTotals(summary);
      const { sessions, messages } = summary;
      return [day, sessions, messages, ...OUTCOMES.map((name) => totals[name])];
    }),
  );
}

function countryText({ cc, country }: { cc: string | null; country: string | null }): string {
  return cc === null ? '-' : `${cc} ${country ?? ''}`;
}

/** First address and size, as the registry wrote them. */
function blockText(delegation: Delegation | null): string {
  if (delegation === null) return '-';
  const { start, value } = delegation;
  return start.includes(':') ? `${start}/${value}` : `${start} + ${value}`;
}

/** To the second, UTC. */
function timeText(time: string): string {
  return `${time.slice(0, 19)}Z`;
}
