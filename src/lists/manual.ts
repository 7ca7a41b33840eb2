import { type AddressSet, addressSetOf } from '../ip/address-set.js';
import type { Family } from '../ip/family.js';
import { flatten } from '../ip/flatten.js';
import { type AddressRange, parseRange } from '../ip/notation.js';
import type { TimedAddressSet } from '../ip/timed-address-set.js';
import { NEVER, type TimedRanges } from '../ip/timed-ranges.js';

/** One line of a manual list that names addresses. */
export interface Entry {
  /** 1-based. */
  readonly line: number;
  /** The address as written. */
  readonly text: string;
  readonly range: AddressRange;
  readonly reason?: string;
  /** Time from which the entry no longer counts, milliseconds since 1970. */
  readonly untilMs?: number;
  /** Who made the entry, and when (milliseconds since 1970), where the line says so. */
  readonly author?: string;
  readonly sinceMs?: number;
}

/** A line that was refused. */
export interface LineFault {
  readonly line: number;
  readonly found: string;
  readonly expected: string;
}

export interface ManualList {
  readonly entries: readonly Entry[];
  readonly faults: readonly LineFault[];
}

/** From # or ; to the end: `[^]`, since `.` stops before the CR of a file from Windows. */
export const COMMENT = /(^|\s)[#;][^]*$/;

/**
 * Reads a manual list or a feed of plain prefixes: a line is
 *
 *     ADDRESS [until=DATE] [since=DATE] [by=NAME] [reason …] [# comment]
 *
 * where ADDRESS is an address, a prefix, `first-last` or IPv4 with a netmask. `since` and `by` tell
 * when and by whom the entry was made, and decide nothing. Lines that are
 * not understood are told in `faults` and left out; the others stay.
 */
export function parseManualList(text: string): ManualList {
  const entries: Entry[] = [];
  const faults: LineFault[] = [];
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  for (const [index, raw] of lines.entries()) {
    const content = raw.replace(COMMENT, '').trim();
    if (content === '') continue;
    const line = index + 1;
    const entry = parseEntry(content, line);
    if ('expected' in entry) faults.push({ line, ...entry });
    else entries.push(entry);
  }
  return { entries, faults };
}

/**
 * One line without its comment, which says something.
 *
 * @param line 1-based
 */
export function parseEntry(
  content: string,
  line: number,
): Entry | { readonly found: string; readonly expected: string } {
  const [text = '', ...words] = content.split(/\s+/);
  if (words[0] === '-') {
    return { found: content, expected: 'a range without spaces: first-last' };
  }
  const range = parseRange(text);
  if ('expected' in range) return { found: text, expected: range.expected };
  const facts: { untilMs?: number; sinceMs?: number; author?: string } = {};
  const reason: string[] = [];
  for (const word of words) {
    const [, key = '', value = ''] = FACT.exec(word) ?? [];
    switch (key.toLowerCase()) {
      case 'until': {
        const untilMs = parseEnd(value);
        if (untilMs === undefined) return { found: word, expected: expectedTime('until') };
        facts.untilMs = untilMs;
        break;
      }
      case 'since': {
        const sinceMs = parseTime(value, 0);
        if (sinceMs === undefined) return { found: word, expected: expectedTime('since') };
        facts.sinceMs = sinceMs;
        break;
      }
      case 'by':
        facts.author = value;
        break;
      default:
        reason.push(word);
    }
  }
  return {
    line,
    text,
    range,
    ...(reason.length > 0 && { reason: reason.join(' ') }),
    ...facts,
  };
}

/** A word that is not part of the reason. */
export const FACT = /^(until|since|by)=(.*)$/i;

function expectedTime(key: string): string {
  return `${key}=2026-12-31 or ${key}=2026-12-31T12:00:00Z`;
}

const DAY_MS = 86_400_000;

/**
 * When an entry ends that is to last until then: at the end of a day in UTC, or at a time.
 *
 * @returns milliseconds since 1970; undefined for what no calendar has
 */
export function parseEnd(text: string): number | undefined {
  return parseTime(text, DAY_MS);
}

/**
 * A date in UTC, or a time with its zone to the second.
 *
 * @param added to the start of a day that is given without a time, in milliseconds
 */
function parseTime(text: string, added: number): number | undefined {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) {
    const start = parseCalendarDay(text);
    return start === undefined ? undefined : start + added;
  }
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  if (parseCalendarDay(text.slice(0, 10)) === undefined) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/** Midnight UTC of a day that the calendar has; Date.parse rolls 2026-02-30 over to March. */
function parseCalendarDay(text: string): number | undefined {
  const time = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(time)) return undefined;
  return new Date(time).toISOString().startsWith(text) ? time : undefined;
}

/** Whether the entry counts at a time. */
export function isInForce(entry: Entry, nowMs: number): boolean {
  return entry.untilMs === undefined || nowMs < entry.untilMs;
}

/** The addresses of the entries that count at a time. */
export function addressesOf(entries: readonly Entry[], nowMs: number): AddressSet {
  return addressSetOf(entries.filter((entry) => isInForce(entry, nowMs)).map(({ range }) => range));
}

/** What a manual list holds. */
export interface Contents {
  /** What is in force. */
  readonly addresses: AddressSet;
  /** When each address ends, where any does; addresses that have run out are in it, too. */
  readonly times?: TimedAddressSet;
}

export function contentsOf(entries: readonly Entry[], nowMs: number): Contents {
  const times = timesOf(entries);
  return { addresses: addressesOf(entries, nowMs), ...(times && { times }) };
}

/**
 * When each address ends, of all entries, those that have run out too: what is made of it does
 * not change while the lines do not. Undefined where no entry has an end.
 */
export function timesOf(entries: readonly Entry[]): TimedAddressSet | undefined {
  if (entries.every(({ untilMs }) => untilMs === undefined)) return undefined;
  const timed = (family: Family): TimedRanges =>
    flatten(
      family,
      entries
        .filter(({ range }) => range.family === family)
        .map(({ range: { first, last }, untilMs = NEVER }) => ({ first, last, endMs: untilMs })),
    );
  return { v4: timed(4), v6: timed(6) };
}
