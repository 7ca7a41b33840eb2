import { FACT, type Entry, type LineFault, parseEntry } from '../manual.js';

/** A line, row or value of a download that speaks of addresses, or should. */
export type FeedLine = Entry | LineFault;

/** Characters that are kept of a reason. */
const REASON_LENGTH = 200;
/** Characters that are kept of what cannot be read. */
const FOUND_LENGTH = 80;

export function isFault(line: FeedLine): line is LineFault {
  return 'expected' in line;
}

/**
 * A value that is an address, prefix or range and nothing else.
 *
 * @param line 1-based, of the row or value
 * @param reason in the publisher's words
 */
export function lineOfValue(value: string, line: number, reason: string | undefined): FeedLine {
  const text = value.trim();
  if (text === '' || text.length > FOUND_LENGTH || /\s/.test(text)) {
    const found = text.slice(0, FOUND_LENGTH);
    return { line, found, expected: 'an address, prefix or range' };
  }
  const entry = parseEntry(text, line);
  return 'expected' in entry ? { line, ...entry } : { ...entry, ...reasonOf(reason) };
}

/** A publisher's words, as they may stand in a list that is kept by hand: one line, no comment. */
export function reasonOf(words: string | undefined): { readonly reason?: string } {
  const text = (words ?? '')
    .slice(0, REASON_LENGTH)
    .replace(/[\p{Cc}\u2028\u2029]/gu, ' ')
    .split(/\s+/)
    .map((word) => word.replace(/^[#;]+/, ''))
    .map((word) => (FACT.test(word) ? word.replace('=', ':') : word))
    .filter((word) => word !== '')
    .join(' ')
    // behind an address it would be read as the start of a range
    .replace(/^(- ?)+(?= |$)/, '')
    .trim();
  return text === '' ? {} : { reason: text };
}

/**
 * The text of the lines as a list that is kept by hand: whoever loads the list needs to know
 * nothing of the publisher's format. What cannot be read stays in it, so that each load tells it.
 */
export function textOfLines(lines: readonly FeedLine[]): string {
  return lines.map((line) => `${isFault(line) ? faultText(line) : entryText(line)}\n`).join('');
}

function entryText({ text, untilMs, sinceMs, author, reason }: Entry): string {
  const words = [text];
  if (untilMs !== undefined) words.push(`until=${timeText(untilMs)}`);
  if (sinceMs !== undefined) words.push(`since=${timeText(sinceMs)}`);
  if (author !== undefined) words.push(`by=${author}`);
  if (reason !== undefined) words.push(reason);
  return words.join(' ');
}

/** Never to be read as an address: in quotes, unless it is a single word that is none. */
function faultText({ found }: LineFault): string {
  if (/^[^\s"#;]{1,80}$/.test(found) && 'expected' in parseEntry(found, 1)) return found;
  return JSON.stringify(found.slice(0, FOUND_LENGTH)).replace(/[\s#;\p{Cc}\u2028\u2029]/gu, '_');
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
