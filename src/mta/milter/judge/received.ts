import type { Address } from '../../../ip/address.js';
import { readClientAddress } from './client-address.js';

/**
 * The address of the client that a Received header names (RFC 5321 4.4): in the comment that the
 * receiving server wrote, `(name [192.0.2.1])` or `(192.0.2.1)`, else outside of one.
 * What the client said of itself (HELO) stands before it, may hold anything, and is not believed.
 * Undefined where there is none, as for mail that began on the host itself.
 */
export function clientInReceived(value: string): Address | undefined {
  const short = value.slice(0, LONGEST);
  if (!/^\s*from\s/i.test(short)) return undefined;
  const [, first, rest] = OWN_LINE.exec(short) ?? [];
  if (first === undefined || rest === undefined) {
    return lastAddress(short.slice(0, startOfBy(short)));
  }
  return lastAddress(first) ?? lastAddress(rest);
}

/** What gateways write is far shorter; their clients' commands are, too (RFC 5321 4.5.3.1.4). */
const LONGEST = 8192;

/**
 * Postfix, sendmail, Exim and qmail begin a line with `by`, which no client can. So there is no
 * need to look for its place among what a client said, nor for an address behind the first line,
 * where Postfix tells the names of certificates.
 */
const OWN_LINE = /^(\s*[^\n]*)((?:\r?\n[ \t]+(?!by\s)[^\n]*)*)\r?\n[ \t]+by\s/i;

/** The last that is in a comment, else the last at all. */
function lastAddress(from: string): Address | undefined {
  let inComment: Address | undefined;
  let outside: Address | undefined;
  let depth = 0;
  let seen = 0;
  for (const match of from.matchAll(ADDRESS)) {
    const { index } = match;
    for (; seen < index; seen++) {
      if (from[seen] === '(') depth += 1;
      else if (from[seen] === ')') depth = Math.max(0, depth - 1);
    }
    // Exim tells within its comment what the client said
    if (/helo=$/i.test(from.slice(Math.max(0, index - 5), index))) continue;
    const [, inBrackets, inParentheses] = match;
    const address = readClientAddress(inBrackets ?? inParentheses ?? '');
    if (address === undefined) continue;
    if (inParentheses !== undefined || depth > 0) inComment = address;
    else outside = address;
  }
  return inComment ?? outside;
}

/** In brackets, or alone in a comment: qmail's may have a user of the client (ident) before it. */
const ADDRESS =
  /\[((?:IPv6:)?[0-9A-Fa-f.:]+(?:%\w+)?)\]|\((?:[^\s()@]*@)?((?:IPv6:)?[0-9A-Fa-f.:]+)\)/gi;

/**
 * Where `by` of the receiving server stands: the last that is a word of its own, outside of
 * comments, quotes and angle brackets; a client may have said one, too. The whole length where
 * parentheses do not match.
 */
function startOfBy(value: string): number {
  let depth = 0;
  let closing = '';
  let found = -1;
  for (let k = 0; k < value.length; k++) {
    const char = value[k] as string;
    if (closing !== '') {
      if (char === closing) closing = '';
    } else if (char === '"') closing = '"';
    else if (char === '<') closing = '>';
    else if (char === '(') depth += 1;
    else if (char === ')') depth = Math.max(0, depth - 1);
    else if (depth === 0 && /\s/.test(char) && /^by\s/i.test(value.slice(k + 1, k + 4))) found = k;
  }
  if (found >= 0) return found;
  const last = value.toLowerCase().lastIndexOf(' by ');
  return last < 0 ? value.length : last;
}
