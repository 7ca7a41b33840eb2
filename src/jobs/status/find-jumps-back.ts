import type { StatusFacts } from './facts.js';

/** Clocks of two hosts, or a clock that is being set, may differ by this much. */
const SLACK_MS = 5 * 60_000;
/** A serial is a day, as the registry's own calendar has it. */
const SERIAL_SLACK_MS = 2 * 86_400_000;

/**
 * What lies in the future by this host's clock: then the clock was ahead when that was written, or
 * is behind now. Pure.
 */
export function findJumpsBack({ nowMs, ages, record, firewall, feeds }: StatusFacts): string[] {
  const newest = Math.max(0, ...ages.map(({ serialTimeMs = 0 }) => serialTimeMs));
  const times: readonly (readonly [string, number | undefined, number])[] = [
    ['the newest registry file is of', newest, SERIAL_SLACK_MS],
    [
      'a registry file was stored at',
      Math.max(0, ...ages.map(({ storedAtMs = 0 }) => storedAtMs)),
      SLACK_MS,
    ],
    ['a feed was fetched at', Math.max(0, ...feeds.map((feed) => feed.checkedAtMs ?? 0)), SLACK_MS],
    ['the last update ended at', record && Date.parse(record.endedAt), SLACK_MS],
    [
      'the firewall was applied at',
      firewall?.appliedAt === undefined ? undefined : Date.parse(firewall.appliedAt),
      SLACK_MS,
    ],
  ];
  const ahead = times.flatMap(([what, timeMs, slackMs]) =>
    timeMs !== undefined && timeMs > nowMs + slackMs
      ? [`${what} ${new Date(timeMs).toISOString()}`]
      : [],
  );
  if (ahead.length === 0) return [];
  const now = new Date(nowMs).toISOString();
  return [
    `the clock says ${now}, and yet ${ahead.join(', ')}: it jumped back, or was wrong then; ` +
      'set it, and run `sekisho update`',
  ];
}
