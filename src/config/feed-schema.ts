import { createRequire } from 'node:module';

import type * as jsonP3 from 'json-p3';
import * as z from 'zod';

import { durationMs, path, share } from './values.js';

const MINUTE_MS = 60_000;

/** Limits that all lists with a URL have, and each may have for itself. */
const limits = {
  min_prefix: z
    .int()
    .min(0)
    .max(32)
    .describe('Prefix length of the largest IPv4 network taken; a larger one is left out.'),
  min_prefix6: z.int().min(0).max(128).describe('The same for IPv6.'),
  max_share: share.describe(
    'A download that holds more than this share of IPv4, or of 2000::/3, is refused.',
  ),
  fall: share.describe('A download that lost more than this share of the last one is refused.'),
  rise: share.describe('A download that gained more than this share of the last one is refused.'),
};

/** The `feeds` part of the configuration. */
export const feeds = z
  .strictObject({
    min_prefix: limits.min_prefix.default(8),
    min_prefix6: limits.min_prefix6.default(19),
    max_share: limits.max_share.prefault('25%'),
    fall: limits.fall.prefault('50%'),
    rise: limits.rise.prefault('200%'),
    max_lines: z
      .int()
      .min(1)
      .max(10_000_000)
      .default(1_000_000)
      .describe('A download of more lines, rows or values than this is refused.'),
  })
  .prefault({})
  .describe('Limits of lists with a url; a list may have all but the last for itself.');

const column = z.union([z.int().min(1), z.string().min(1)], {
  error: 'the name of a column, or its number from 1',
});

/** Options of a list with a URL. */
export const feedOptions = {
  csv: z
    .strictObject({
      column: column.describe('Column of the addresses: its name, or its number from 1.'),
      last: column
        .optional()
        .describe('Column of the last address of a range, of which `column` has the first.'),
      delimiter: z
        .string()
        .length(1, { error: 'one character, such as ";" or "\\t"' })
        .default(',')
        .describe('What stands between two columns.'),
      header: z
        .boolean()
        .optional()
        .describe('Whether the first row is one of names; it is where a column is named.'),
    })
    .optional()
    .describe('With url: the download is CSV. Lines that begin with # are comments.'),
  json: z
    .string()
    .refine(isJsonPath, { error: 'a JSONPath (RFC 9535) such as $.prefixes[*].ipv4Prefix' })
    .optional()
    .describe(
      'With url: the download is JSON, or JSON lines; JSONPath (RFC 9535) of the addresses.',
    ),
  reason: column
    .optional()
    .describe('With csv or json: column of the reason, or name of the member beside the address.'),
  every: durationMs
    .refine((ms) => ms >= MINUTE_MS, { error: 'a duration of at least 1m' })
    .optional()
    .describe('With url: ask no more often than this; at each update where not given.'),
  max_age: durationMs
    .optional()
    .describe('With url: warn where the publisher could not be asked for so long.'),
  stale: z
    .enum(['keep', 'empty'])
    .optional()
    .describe('With max_age: whether the copy counts (keep, the default) after that, or nothing.'),
  empty: z
    .enum(['refuse', 'take'])
    .optional()
    .describe('With url: whether a download without any address is taken; default refuse.'),
  private: z
    .boolean()
    .optional()
    .describe(
      'With url: take private, loopback and multicast addresses too; default only where the ' +
        'list lets in.',
    ),
  headers_file: path
    .optional()
    .describe(
      'With url: file with headers of the request, `Authorization: Bearer …`, a line each.',
    ),
  min_prefix: limits.min_prefix.optional(),
  min_prefix6: limits.min_prefix6.optional(),
  max_share: limits.max_share.optional(),
  fall: limits.fall.optional(),
  rise: limits.rise.optional(),
};

type FeedOptions = z.output<z.ZodObject<typeof feedOptions>>;

/** What one option makes of another: the option at fault, and what was expected. */
export function findFeedOptionFault(
  list: FeedOptions & { readonly url?: string | undefined },
): { readonly key: string; readonly expected: string } | undefined {
  const { url, csv, json, reason, stale, max_age } = list;
  if (url === undefined) {
    const key = Object.keys(feedOptions).find((name) => name in list);
    return key === undefined ? undefined : { key, expected: 'a list with a url for this option' };
  }
  if (stale === 'empty' && max_age === undefined) {
    return { key: 'stale', expected: 'max_age beside it' };
  }
  if (csv !== undefined && json !== undefined) return { key: 'json', expected: 'csv or json' };
  if (reason !== undefined && csv === undefined && json === undefined) {
    return { key: 'reason', expected: 'csv or json beside it' };
  }
  if (json !== undefined && typeof reason === 'number') {
    return { key: 'reason', expected: 'the name of a member beside the address' };
  }
  const isNamed = csv && [csv.column, csv.last, reason].some((each) => typeof each === 'string');
  if (isNamed && csv.header === false) {
    return { key: 'csv', expected: 'numbers of columns where there is no header' };
  }
  return undefined;
}

/** The package is loaded where there is a path to check. */
function isJsonPath(text: string): boolean {
  const { JSONPathError, jsonpath } = createRequire(import.meta.url)('json-p3') as typeof jsonP3;
  try {
    jsonpath.compile(text);
    return true;
  } catch (error) {
    if (error instanceof JSONPathError) return false;
    throw error;
  }
}
