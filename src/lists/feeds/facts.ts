import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

import { writeFileAtomically } from '../../util/atomic-file.js';
import { feedFactsPath, feedPath } from '../feed-path.js';
import type { Feed } from './feed.js';

/** What is known about the copy of a feed that is there, and about the last try to get another. */
export interface FeedFacts {
  /** Of URL, form and limits: a copy that was made otherwise is not this feed's. */
  readonly definition: string;
  /** Where the copy came from. The URL itself may hold a secret, and the file is for all to read. */
  readonly host: string;
  /** Of the copy as it is stored, hexadecimal; none where there is no copy. */
  readonly sha256?: string;
  readonly etag?: string;
  /** As in the `Last-Modified` header. */
  readonly lastModified?: string;
  /** When the publisher last said that the copy is the newest; ISO 8601, UTC. */
  readonly checkedAt?: string;
  /** When it last was asked, whatever came of it. */
  readonly triedAt?: string;
  /** Why the last try failed; none where it did not. */
  readonly failure?: string | undefined;
  /** How many tries in a row failed; none where the last did not. */
  readonly failures?: number | undefined;
  /** Entries that were too large to be taken, the first of them, and how many there are. */
  readonly tooLarge?: readonly string[];
  readonly tooLargeCount?: number;
}

export function factsPath(state: string, list: string): string {
  return feedFactsPath(feedPath(state, list));
}

/** Undefined where there are none, or they cannot be read: then the feed is asked for anew. */
export function readFacts(state: string, list: string): FeedFacts | undefined {
  const path = factsPath(state, list);
  if (!existsSync(path)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return isFacts(value) ? value : undefined;
}

export function writeFacts(state: string, list: string, facts: FeedFacts): void {
  writeFileAtomically(factsPath(state, list), [`${JSON.stringify(facts, undefined, 2)}\n`], {
    fsync: true,
  });
}

/** What a copy depends on; the limits that only judge a download are not in it. */
export function definitionOf({ url, form, limits }: Feed): string {
  const { minPrefix, takesPrivate } = limits;
  const text = JSON.stringify({ url, form, minPrefix, takesPrivate });
  return createHash('sha256').update(text).digest('hex');
}

function isFacts(value: unknown): value is FeedFacts {
  if (typeof value !== 'object' || value === null) return false;
  const facts = value as Record<string, unknown>;
  const optional = ['sha256', 'etag', 'lastModified', 'checkedAt', 'triedAt', 'failure'];
  return (
    ['definition', 'host'].every((key) => typeof facts[key] === 'string') &&
    optional.every((key) => ['string', 'undefined'].includes(typeof facts[key])) &&
    ['number', 'undefined'].includes(typeof facts['failures']) &&
    (facts['tooLarge'] === undefined || Array.isArray(facts['tooLarge']))
  );
}
