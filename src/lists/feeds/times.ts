import { existsSync } from 'node:fs';

import type { LoadedConfig } from '../../config/load.js';
import { feedPath } from '../feed-path.js';
import { type FeedFacts, definitionOf, readFacts } from './facts.js';
import { type Feed, feedsOf } from './feed.js';
import { type FeedTimes, overdueMs } from './schedule.js';

/** How a feed stands: for `status`, and for who schedules. */
export interface FeedState extends FeedTimes {
  /** Host of the URL that the configuration has. */
  readonly host: string;
  readonly isAvailable: boolean;
  /** Why the last try failed; undefined where it did not. */
  readonly failure: string | undefined;
  readonly isEmptyWhenOld: boolean;
}

export function timesOf(feed: Feed, facts: FeedFacts | undefined): FeedTimes {
  return {
    list: feed.list,
    everyMs: feed.everyMs,
    maxAgeMs: feed.maxAgeMs,
    checkedAtMs: timeOf(facts?.checkedAt),
    triedAtMs: timeOf(facts?.triedAt),
    failures: facts?.failures,
    isOther: facts !== undefined && facts.definition !== definitionOf(feed),
  };
}

/** How the feeds of a configuration stand; reads only their small files of facts. */
export function feedStates(loaded: LoadedConfig): FeedState[] {
  const state = loaded.resolvePath(loaded.config.state);
  return feedsOf(loaded).map((feed) => {
    const facts = readFacts(state, feed.list);
    return {
      ...timesOf(feed, facts),
      host: new URL(feed.url).host,
      isAvailable: existsSync(feedPath(state, feed.list)),
      failure: facts?.failure,
      isEmptyWhenOld: feed.isEmptyWhenOld,
    };
  });
}

/** What is to be told about feeds that have become old, or are not those of the configuration. */
export function feedWarnings(states: readonly FeedState[], nowMs: number): string[] {
  return states.flatMap((feed) => {
    const warnings: string[] = [];
    const ageMs = overdueMs(feed, nowMs);
    if (ageMs !== undefined) {
      const since = new Date(feed.checkedAtMs ?? 0).toISOString().slice(0, 16);
      warnings.push(
        `list ${feed.list}: ${feed.host} could not be asked since ${since}Z, longer than max_age` +
          (feed.isEmptyWhenOld ? ': the list is empty' : ''),
      );
    }
    if (feed.isOther && feed.isAvailable) {
      warnings.push(
        `list ${feed.list}: its copy was read before its url, form or limits were changed; ` +
          'sekisho fetch reads it anew',
      );
    }
    return warnings;
  });
}

function timeOf(text: string | undefined): number | undefined {
  const time = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
