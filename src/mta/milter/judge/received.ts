import type { Address } from '../../../ip/address.js';
import { readClientAddress } from './client-address.js';

/**
 * The address of the client that a Received header names (RFC 5321 4.4): in the comment that the
 * receiving server wrote, `(name [192.0.2.1])` or `(192.0.2.1)`, else outside of one.
 * What the client said of itself (HELO) stands before it, may hold anything, and is not believed.
 * Undefined where there is none, as for mail that began on the host itself.
 */
export function clientInReceived(value: string): Address | undefined {
  const from = value.slice(0, startOfBy(value));
  if (!/^\s*from\s/i.test(from)) return undefined;
  let inComment: Address | undefined;
  let outside: Address | undefined;
  for (const match of from.matchAll(ADDRESS)) {
    const { index } = match;
    // Exim tells within its comment what the client said
    if (/helo=$/i.test(from.slice(Math.max(0, index - 5), index))) continue;
    const [, inBrackets, inParentheses] = match;
    const address = readClientAddress(inBrackets ?? inParentheses ?? '');
    if (address === undefined) continue;
    if (inParentheses !== undefined || depthAt(from, index) > 0) inComment = address;
    else outside = address;
  }
  return inComment ?? outside;
}

const ADDRESS = /\[((?:IPv6:)?[0-9A-Fa-f.:]+(?:%\w+)?)\]|\(((?:IPv6:)?[0-9A-Fa-f.:]+)\)/gi;

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

function depthAt(text: string, end: number): number {
  let depth = 0;
  for (let k = 0; k < end; k++) {
    if (text[k] === '(') depth += 1;
    else if (text[k] === ')') depth = Math.max(0, depth - 1);
  }
  return depth;
}
