import { COMMENT, parseEntry } from '../manual.js';
import { type FeedLine, reasonOf } from './feed-line.js';
import { FeedRefused } from './refused.js';

/** No line of a list is longer; what is, is no list. */
const MAX_LINE_LENGTH = 4096;

/**
 * Reads a list of addresses, prefixes or ranges, a line each, as a list that is kept by hand.
 * Comments begin with # or ; (FireHOL's .netset, Spamhaus' drop.txt); one behind an address is
 * its reason, where the line gives no other.
 *
 * @throws FeedRefused where there are more lines than `maxLines`
 */
export function readPlain(text: string, maxLines: number): FeedLine[] {
  const lines: FeedLine[] = [];
  let number = 0;
  for (let start = 0; start < text.length;) {
    const found = text.indexOf('\n', start);
    const end = found === -1 ? text.length : found;
    number++;
    if (number > maxLines) throw tooLong(maxLines, 'lines');
    const raw = text.slice(start === 0 && text.startsWith('\uFEFF') ? 1 : start, end);
    const line = readLine(raw, number);
    if (line) lines.push(line);
    start = end + 1;
  }
  return lines;
}

function readLine(raw: string, line: number): FeedLine | undefined {
  if (raw.length > MAX_LINE_LENGTH) {
    const expected = `a line of at most ${MAX_LINE_LENGTH} characters`;
    return { line, found: raw.slice(0, 60), expected };
  }
  const content = raw.replace(COMMENT, '').trim();
  if (content === '') return undefined;
  const entry = parseEntry(content, line);
  if ('expected' in entry) return { line, ...entry };
  // COMMENT takes all from the first mark on, so what is left of the line is the comment
  return { ...entry, ...reasonOf(entry.reason ?? COMMENT.exec(raw)?.[0]) };
}

export function tooLong(maxLines: number, what: string): FeedRefused {
  return new FeedRefused(`it has more than ${maxLines} ${what}, the limit of feeds.max_lines`);
}
