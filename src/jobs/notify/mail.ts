import type { Letter } from './letter.js';

export interface MailInput {
  readonly to: readonly string[];
  readonly from: string | undefined;
  readonly host: string;
  /** Tells this message from every other. */
  readonly id: string;
}

/** Bytes of a line without its end; RFC 5322 2.1.1 allows 998. */
const LONGEST_LINE = 900;

/**
 * A message (RFC 5322, with MIME) for `sendmail -t -i`. Nothing that comes from outside can
 * begin a header: line ends in a value become spaces. Pure.
 */
export function mailText({ subject, text, timeMs }: Letter, input: MailInput): string {
  const { to, from, host, id } = input;
  const headers: readonly (readonly [string, string])[] = [
    ...(from === undefined ? [] : [['From', from] as const]),
    ['To', to.join(', ')],
    ['Subject', encodedWords(oneLine(subject))],
    ['Date', dateText(timeMs)],
    ['Message-ID', `<${id}@${host.replace(/[^A-Za-z0-9.-]/g, '-')}>`],
    // RFC 3834: no vacation message in answer to it
    ['Auto-Submitted', 'auto-generated'],
    ['MIME-Version', '1.0'],
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Transfer-Encoding', '8bit'],
  ];
  const head = headers.map(([name, value]) => `${name}: ${oneLine(value)}\n`);
  const body = text.split('\n').flatMap(shortLines);
  return [...head, '\n', ...body.map((line) => `${line}\n`)].join('');
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

/** RFC 2047, where a text is more than printable ASCII; each word is at most 75 characters. */
function encodedWords(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text.slice(0, LONGEST_LINE);
  const words: string[] = [];
  let part = '';
  for (const character of text) {
    if (Buffer.byteLength(part + character) > 42) {
      words.push(part);
      part = '';
    }
    part += character;
  }
  words.push(part);
  return words
    .slice(0, 12)
    .map((word) => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`)
    .join(' ');
}

/** RFC 5322 3.3, in UTC. */
function dateText(timeMs: number): string {
  return new Date(timeMs).toUTCString().replace(/GMT$/, '+0000');
}

function shortLines(line: string): string[] {
  const clean = line.replace(/(?!\t)\p{Cc}/gu, '?');
  if (Buffer.byteLength(clean) <= LONGEST_LINE) return [clean];
  // a character has at most four bytes
  return clean.match(/.{1,220}/gsu) ?? [];
}
