import { readFileSync } from 'node:fs';

import { SourceError } from '../../util/errors.js';
import { reasonOf } from '../../util/system-error.js';

/** RFC 9110, 5.6.2 and 5.5: a token, a colon, visible characters. */
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])$/;

/** What belongs to the download itself. */
const OURS = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'if-modified-since',
  'if-none-match',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Headers of a request, `Name: value` a line; empty lines and those that begin with # are passed
 * over. A message never shows a value: it is a secret.
 *
 * @throws SourceError for a file that cannot be read, and a line that is no header
 */
export function readHeaders(path: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new SourceError(`headers_file ${path} cannot be read: ${reasonOf(error)}`);
  }
  const headers: Record<string, string> = {};
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', value = ''] = HEADER.exec(line) ?? [];
    const key = name.toLowerCase();
    if (name === '' || OURS.has(key)) {
      const expected = name === '' ? 'a header as `Name: value`' : `another header than ${key}`;
      throw new SourceError(`headers_file ${path}:${index + 1}: expected ${expected}`);
    }
    headers[key] = value;
  }
  return headers;
}
