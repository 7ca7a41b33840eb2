import { formatAddress, parseAddress } from '../ip/address.js';

/** A packet that a rule of ours logged. */
export interface Sighting {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** Rule and list as the line has them; backends shorten long names. */
  readonly rule: string;
  readonly list: string;
  readonly source: string;
  readonly destination: string;
}

/** Longer lines are not netfilter's: those have a few hundred characters. */
const MAX_LINE = 4096;

const STAMP = String.raw`([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d))`;
const UPTIME = String.raw`(?:\[ {0,12}\d{1,12}\.\d{1,9}\] )?`;

/*
 * The whole beginning of the line is asked for, so that nothing that a stranger brings into a
 * message (the name of a USB device, an HTTP request) passes for a line of the kernel's.
 */
const OURS = new RegExp(
  String.raw`^${STAMP} [^\s]{1,255} kernel: ${UPTIME}sekisho (\w{1,32}) (\w{1,32}): ?(IN=.*)$`,
);

const ENDS = / SRC=([0-9A-Fa-f.:]{2,45}) DST=([0-9A-Fa-f.:]{2,45})(?: |$)/;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY_MS = 86_400_000;

/**
 * Reads a line of the kernel log as rsyslog (RFC 3164's stamp, or ISO 8601) and `journalctl -k`
 * (`-o short`, `-o short-iso`) write it. Stamps without a zone are in local time; one without
 * a year is in the last year in which it is not in the future. Pure but for the time zone of
 * the process.
 *
 * @param nowMs time of the reading, milliseconds since 1970
 * @returns undefined for lines of others, and for what only looks like one of ours
 */
export function parseLogLine(line: string, nowMs: number): Sighting | undefined {
  if (line.length > MAX_LINE) return undefined;
  const [, stamp = '', rule, list, packet = ''] = OURS.exec(line) ?? [];
  if (rule === undefined || list === undefined) return undefined;
  const [, source = '', destination = ''] = ENDS.exec(packet) ?? [];
  const from = addressText(source);
  const to = addressText(destination);
  const timeMs = timeOf(stamp, nowMs);
  if (from === undefined || to === undefined || timeMs === undefined) return undefined;
  return { timeMs, rule, list, source: from, destination: to };
}

/** The kernel writes IPv6 in full; here it is as RFC 5952 has it. */
function addressText(text: string): string | undefined {
  const address = parseAddress(text);
  return 'expected' in address ? undefined : formatAddress(address);
}

function timeOf(stamp: string, nowMs: number): number | undefined {
  if (/^\d/.test(stamp)) return validTime(Date.parse(isoOf(stamp)));
  const month = MONTHS.indexOf(stamp.slice(0, 3));
  const day = Number(stamp.slice(4, 6));
  const [hour = NaN, minute = NaN, second = NaN] = stamp.slice(7).split(':').map(Number);
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  const thisYear = new Date(nowMs).getFullYear();
  // at most eight years lie between two 29ths of February
  for (let year = thisYear + 1; year > thisYear - 9; year--) {
    const date = new Date(year, month, day, hour, minute, second);
    if (date.getMonth() !== month || date.getDate() !== day) continue;
    // clocks of log hosts differ a little
    if (date.getTime() <= nowMs + DAY_MS) return date.getTime();
  }
  return undefined;
}

/** `+0900` and a comma before the fraction are ISO 8601, and not what Date reads. */
function isoOf(stamp: string): string {
  return stamp.replace(',', '.').replace(/([+-]\d\d)(\d\d)$/, '$1:$2');
}

function validTime(timeMs: number): number | undefined {
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
