/*
 * Numbers, times and names of rbldnsd's special entries (its rbldnsd_util.c), in a text of one
 * character a byte. What is read is returned with the rest of the text, white space skipped.
 */

export interface Field {
  readonly value: number;
  readonly rest: string;
}

const HIGHEST = 0xffff_ffff;
const UNIT_SECONDS: Readonly<Record<string, number>> = {
  '': 1,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};

/** An unsigned 32-bit number, then white space or the end. */
export function parseNumber(text: string): Field | undefined {
  const match = /^(\d+)(?:[ \t]+|$)/.exec(text);
  if (match === null) return undefined;
  const value = Number(match[1]);
  return value > HIGHEST ? undefined : { value, rest: text.slice(match[0].length) };
}

/** Seconds, or a number with s, m, h, d or w; then white space, a colon (left there) or the end. */
export function parseTime(text: string): Field | undefined {
  const match = /^(\d+)([smhdw]?)(?:[ \t]+|$|(?=:))/i.exec(text);
  if (match === null) return undefined;
  const unit = UNIT_SECONDS[(match[2] as string).toLowerCase()] as number;
  const value = Number(match[1]) * unit;
  return value > HIGHEST ? undefined : { value, rest: text.slice(match[0].length) };
}

/**
 * `yyyy:mm:dd[:hh[:mi[:ss]]]` in UTC, separators `:` or `-` or none; a single `0`, `-` or `:`
 * stands for no time. The value is in seconds since 1970, 0 for no time.
 */
export function parseTimestamp(text: string): Field | undefined {
  const none = /^[0:-](?:[ \t]+|$)/.exec(text);
  if (none !== null) return { value: 0, rest: text.slice(none[0].length) };
  let at = 0;
  const part = (digits: number, low: number, high: number): number | undefined => {
    const found = /^\d+/.exec(text.slice(at, at + digits))?.[0];
    if (found === undefined || Number(found) < low || Number(found) > high) return undefined;
    at += found.length;
    if (text[at] === ':' || text[at] === '-') at++;
    return Number(found);
  };
  const year = part(4, 1970, 2038);
  const month = year === undefined ? undefined : part(2, 1, 12);
  if (year === undefined || month === undefined) return undefined;
  const day = part(2, 1, new Date(Date.UTC(year, month, 0)).getUTCDate());
  if (day === undefined) return undefined;
  const clock = [0, 0, 0];
  for (const [k, high] of [23, 59, 59].entries()) {
    if (at >= text.length || isBlank(text[at])) break;
    const value = part(2, 0, high);
    if (value === undefined) return undefined;
    clock[k] = value;
  }
  if (at < text.length && !isBlank(text[at])) return undefined;
  const [hour, minute, second] = clock;
  const value = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  return { value, rest: text.slice(at).replace(/^[ \t]+/, '') };
}

/** The first word of a text, and what follows. */
export function splitWord(text: string): readonly [word: string, rest: string] {
  const match = /^([^ \t]*)[ \t]*(.*)$/s.exec(text);
  return [match?.[1] ?? '', match?.[2] ?? ''];
}

/** What follows the word in `text`, in any case and with white space behind it. */
export function afterWord(text: string, word: string): string | undefined {
  if (text.slice(0, word.length).toLowerCase() !== word) return undefined;
  const rest = text.slice(word.length);
  return /^[ \t]/.test(rest) ? rest.replace(/^[ \t]+/, '') : undefined;
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}
