import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { hostOf } from '../../sources/download/failure.js';
import {
  type Client,
  type Download,
  type Validators,
  download,
} from '../../sources/download/request.js';
import { withRetries } from '../../sources/download/retry.js';
import { sha256Of } from '../../sources/store.js';
import { makeFolder, removeLeftovers, writeFileAtomically } from '../../util/atomic-file.js';
import { KnownError, messageOf } from '../../util/errors.js';
import { feedPath } from '../feed-path.js';
import { parseManualList } from '../manual.js';
import { type FeedFacts, definitionOf, readFacts, writeFacts } from './facts.js';
import type { Feed } from './feed.js';
import { textOfLines } from './feed-line.js';
import { readHeaders } from './headers-file.js';
import { judgeFeed, sizeOf, tooLargeText } from './judge-feed.js';
import { readFeed } from './read-feed.js';
import { FeedRefused } from './refused.js';
import { isDue } from './schedule.js';
import { timesOf } from './times.js';
import { takeLines } from './take-lines.js';

export interface FeedOutcome {
  readonly list: string;
  readonly outcome: 'updated' | 'unchanged' | 'not due' | 'failed';
  /** Why it failed, one line; the last good copy stays. */
  readonly message: string;
  /** Whether there is a good copy after the run. */
  readonly available: boolean;
  /** What its owner has to know although it did not fail, a line each. */
  readonly warnings: readonly string[];
  /** Remarks. */
  readonly notes: readonly string[];
}

export interface FeedRun {
  readonly state: string;
  readonly client: Client;
  /** Lists whose next download is not compared with the last one. */
  readonly accept: ReadonlySet<string>;
  /** Ask also those that are not due. */
  readonly force?: boolean;
  readonly nowMs: number;
}

/** Entries that are told one by one. */
const TOO_LARGE_SHOWN = 5;

/**
 * Downloads what changed. What is not to be trusted (no address in it, far fewer or far more than
 * in the last one) is refused, so that a list never becomes empty or huge because its publisher
 * stumbled. The caller holds the lock of the state folder.
 *
 * @throws SystemError where the state folder cannot be used
 */
export async function fetchFeeds(feeds: readonly Feed[], run: FeedRun): Promise<FeedOutcome[]> {
  if (feeds.length === 0) return [];
  makeFolder(join(run.state, 'feeds'));
  removeLeftovers(join(run.state, 'feeds'));
  return Promise.all(feeds.map((feed) => fetchFeed(feed, run)));
}

async function fetchFeed(feed: Feed, run: FeedRun): Promise<FeedOutcome> {
  const { state, accept, force = false, nowMs } = run;
  const { list } = feed;
  const path = feedPath(state, list);
  const facts = readFacts(state, list);
  const definition = definitionOf(feed);
  const stored = existsSync(path) ? readFileSync(path) : undefined;
  const isOther = stored !== undefined && facts?.definition !== definition;
  const notes: string[] = [];
  const ended = (
    outcome: FeedOutcome['outcome'],
    known: FeedFacts | undefined,
    message = '',
  ): FeedOutcome => {
    const isFine = outcome === 'unchanged' || outcome === 'updated';
    const available = stored !== undefined || isFine;
    const warnings = isFine && known ? warningsOf(list, known) : [];
    return { list, outcome, message, available, warnings, notes };
  };
  if (isOther)
    notes.push('it is read anew: its url, its form or its limits are others than before');
  const isAsked = force || accept.has(list) || stored === undefined;
  if (!isAsked && !isDue(timesOf(feed, facts), nowMs)) {
    notes.push(
      `not asked for again yet: last at ${facts?.checkedAt ?? ''}, and it has an interval`,
    );
    return ended('not due', facts);
  }
  const triedAt = new Date(nowMs).toISOString();
  try {
    const fits = !isOther && stored !== undefined && facts?.sha256 === sha256Of(stored);
    const got = await ask(feed, run.client, fits ? facts : undefined);
    if (got === 'not modified') {
      const known = {
        ...(facts as FeedFacts),
        checkedAt: triedAt,
        triedAt,
        failure: undefined,
        failures: undefined,
      };
      writeFacts(state, list, known);
      return ended('unchanged', known);
    }
    const maxBytes = run.client.limits.maxBytes;
    const lines = await readFeed(got.bytes, feed.form, {
      maxLines: feed.limits.maxLines,
      maxBytes,
    });
    const taken = takeLines(lines, feed.limits);
    const isCompared = stored !== undefined && !isOther && !accept.has(list);
    const last = isCompared
      ? sizeOf(parseManualList(stored.toString('utf8')).entries, nowMs)
      : undefined;
    judgeFeed(taken, last, feed.limits, nowMs);
    const text = Buffer.from(textOfLines(taken.lines));
    const isNew = stored === undefined || !text.equals(stored);
    // an inode that stays tells the DNSBL that there is nothing to load
    if (isNew) writeFileAtomically(path, [text], { fsync: true });
    const known: FeedFacts = {
      definition,
      host: hostOf(feed.url),
      sha256: sha256Of(text),
      ...(got.etag !== undefined && { etag: got.etag }),
      ...(got.lastModified !== undefined && { lastModified: got.lastModified }),
      checkedAt: triedAt,
      triedAt,
      tooLarge: taken.tooLarge
        .slice(0, TOO_LARGE_SHOWN)
        .map((entry) => tooLargeText(entry, feed.limits)),
      tooLargeCount: taken.tooLarge.length,
    };
    writeFacts(state, list, known);
    if (taken.privateCount > 0) {
      notes.push(`${taken.privateCount} private or reserved entries are left out (private: false)`);
    }
    return ended(isNew ? 'updated' : 'unchanged', known);
  } catch (error) {
    if (!(error instanceof KnownError) && !(error instanceof FeedRefused)) throw error;
    const message = messageOf(error) + adviceOn(error, list);
    // a copy of which nothing is known stays one that nobody knows
    const unknown = { definition: stored === undefined ? definition : '', host: '' };
    const trouble = tryWriteFacts(state, list, {
      ...(facts ?? unknown),
      triedAt,
      failure: message,
      failures: (facts?.failures ?? 0) + 1,
    });
    const old = isOther
      ? ` (the copy is from ${facts?.host ?? 'elsewhere'}, as it was configured before)`
      : '';
    return ended('failed', facts, message + old + trouble);
  }
}

/** What stands in the way of it: a full disk is no reason to stop the other feeds. */
function tryWriteFacts(state: string, list: string, facts: FeedFacts): string {
  try {
    writeFacts(state, list, facts);
    return '';
  } catch (error) {
    if (error instanceof KnownError) return `; ${error.message}`;
    throw error;
  }
}

async function ask(
  feed: Feed,
  client: Client,
  unless: Validators | undefined,
): Promise<Download | 'not modified'> {
  const headers = feed.headersFile === undefined ? {} : readHeaders(feed.headersFile);
  return withRetries(client.limits, client.signal, () =>
    download(client, feed.url, { unless, headers }),
  );
}

function adviceOn(error: unknown, list: string): string {
  const isJump = error instanceof FeedRefused && error.isJump;
  return isJump ? `; if that is right: sekisho fetch --accept ${list}` : '';
}

function warningsOf(list: string, { tooLarge = [], tooLargeCount = 0 }: FeedFacts): string[] {
  if (tooLargeCount === 0) return [];
  const rest = tooLargeCount - tooLarge.length;
  const more = rest > 0 ? `; and ${rest} more` : '';
  return [`list ${list}: ${tooLarge.join('; ')}${more}. Left out, lest the list denies too many.`];
}
