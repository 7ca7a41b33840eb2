import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ListDefinition } from '../config/schema.js';
import { type Client, type Validators, download } from '../sources/download/request.js';
import { withRetries } from '../sources/download/retry.js';
import { sha256Of } from '../sources/store.js';
import { makeFolder, removeLeftovers, writeFileAtomically } from '../util/atomic-file.js';
import { KnownError, messageOf } from '../util/errors.js';
import { neighboursOf } from './definitions.js';
import { feedPath } from './feed-path.js';
import { parseManualList } from './manual.js';

/** A list that is downloaded. */
export interface Feed {
  readonly list: string;
  readonly url: string;
  /**
   * Whether a copy with a line that cannot be read is refused: the list is left out of another
   * one, which would otherwise not be made at all until the publisher mends the line.
   */
  readonly strict: boolean;
}

export interface FeedOutcome extends Feed {
  readonly outcome: 'updated' | 'unchanged' | 'failed';
  /** Why it failed, one line; the last good copy stays. */
  readonly message: string;
  /** Whether there is a good copy after the run. */
  readonly available: boolean;
}

/** The lists of a configuration that are downloaded. */
export function feedsOf(definitions: Readonly<Record<string, ListDefinition>>): Feed[] {
  const excepted = exceptedLists(definitions);
  return Object.entries(definitions).flatMap(([list, { url }]) =>
    url === undefined ? [] : [{ list, url, strict: excepted.has(list) }],
  );
}

/** Lists that another one leaves out, and lists that these are made from. */
function exceptedLists(definitions: Readonly<Record<string, ListDefinition>>): Set<string> {
  const found = new Set<string>();
  const add = (name: string): void => {
    const definition = definitions[name];
    if (found.has(name) || definition === undefined) return;
    found.add(name);
    for (const other of neighboursOf(definition)) add(other);
  };
  for (const { except } of Object.values(definitions)) for (const name of except) add(name);
  return found;
}

/**
 * Downloads what changed. A copy without a single address (an error page, an empty file) is
 * refused, so that a list never becomes empty because its publisher stumbled. The caller
 * holds the lock of the state folder.
 *
 * @throws SystemError where the state folder cannot be used
 */
export async function fetchFeeds(
  state: string,
  feeds: readonly Feed[],
  client: Client,
): Promise<FeedOutcome[]> {
  if (feeds.length === 0) return [];
  makeFolder(join(state, 'feeds'));
  removeLeftovers(join(state, 'feeds'));
  return Promise.all(feeds.map((feed) => fetchFeed(state, feed, client)));
}

async function fetchFeed(state: string, feed: Feed, client: Client): Promise<FeedOutcome> {
  const path = feedPath(state, feed.list);
  try {
    const unless = readValidators(path, feed.url);
    const got = await withRetries(client.limits, client.signal, () =>
      download(client, feed.url, { unless }),
    );
    if (got === 'not modified')
      return { ...feed, outcome: 'unchanged', message: '', available: true };
    const refusal = refusalOf(Buffer.from(got.bytes).toString('utf8'), feed.strict);
    if (refusal !== undefined) throw new FeedRefused(refusal);
    writeFileAtomically(path, [got.bytes], { fsync: true });
    const facts: FeedFacts = {
      url: feed.url,
      sha256: sha256Of(got.bytes),
      ...(got.etag !== undefined && { etag: got.etag }),
      ...(got.lastModified !== undefined && { lastModified: got.lastModified }),
    };
    writeFileAtomically(`${path}.json`, [JSON.stringify(facts) + '\n'], { fsync: true });
    return { ...feed, outcome: 'updated', message: '', available: true };
  } catch (error) {
    if (!(error instanceof KnownError) && !(error instanceof FeedRefused)) throw error;
    const available = existsSync(path);
    return { ...feed, outcome: 'failed', message: messageOf(error), available };
  }
}

class FeedRefused extends Error {}

function refusalOf(text: string, strict: boolean): string | undefined {
  const { entries, faults } = parseManualList(text);
  const [first] = faults;
  if (strict && first && entries.length > 0) {
    const line = `line ${first.line}: found ${JSON.stringify(first.found.slice(0, 60))}`;
    return `${line}; expected ${first.expected} (another list leaves this one out)`;
  }
  if (entries.length > 0) return undefined;
  const found = first ? JSON.stringify(first.found.slice(0, 60)) : 'nothing';
  return `found ${found} and no address in it; expected an address, prefix or range a line`;
}

/** What is known about the copy that is there. */
interface FeedFacts extends Validators {
  readonly url: string;
  readonly sha256: string;
}

/** Validators of the last good copy; none where the notes beside it speak of something else. */
function readValidators(path: string, url: string): Validators | undefined {
  if (!existsSync(path) || !existsSync(`${path}.json`)) return undefined;
  let facts: Partial<FeedFacts>;
  try {
    facts = JSON.parse(readFileSync(`${path}.json`, 'utf8')) as Partial<FeedFacts>;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // asked for without condition then
    throw error;
  }
  const fit = facts.url === url && facts.sha256 === sha256Of(readFileSync(path));
  return fit ? { etag: facts.etag, lastModified: facts.lastModified } : undefined;
}
