/** What decides when a feed is asked for; times in milliseconds since 1970. */
export interface FeedTimes {
  readonly list: string;
  readonly everyMs: number | undefined;
  readonly maxAgeMs: number | undefined;
  /** When the publisher last said that the copy is the newest. */
  readonly checkedAtMs: number | undefined;
  /** When it was last asked, whatever came of it. */
  readonly triedAtMs: number | undefined;
  /** How many tries in a row failed. */
  readonly failures?: number | undefined;
  /** Whether the copy was made by another URL or form than the configuration now has. */
  readonly isOther: boolean;
}

/**
 * A feed that failed is tried again after this, then after twice as long, and so on, but never
 * later than after its own interval.
 */
const RETRY_MS = 15 * 60_000;
/** A schedule that beats a little early does not miss its feed. */
const SLACK_MS = 30_000;

/**
 * Whether a feed is to be asked for at an update. A feed without an interval is at each; so is one
 * that has failed since.
 */
export function isDue(feed: FeedTimes, nowMs: number): boolean {
  const { everyMs, checkedAtMs, triedAtMs, isOther } = feed;
  if (everyMs === undefined || checkedAtMs === undefined || isOther) return true;
  // a clock that went back
  if (checkedAtMs > nowMs) return true;
  if (triedAtMs !== undefined && triedAtMs > checkedAtMs) return true;
  return nowMs - checkedAtMs >= everyMs - SLACK_MS;
}

/** The feeds with an interval of their own that a daemon is to ask for now. */
export function dueFeeds(feeds: readonly FeedTimes[], nowMs: number): string[] {
  return feeds.filter((feed) => (nextAt(feed, nowMs) ?? Infinity) <= nowMs).map(({ list }) => list);
}

/**
 * When the next of the feeds with an interval is to be asked for; `nowMs` where one is due,
 * undefined where none has an interval.
 */
export function nextFeedAt(feeds: readonly FeedTimes[], nowMs: number): number | undefined {
  const times = feeds.flatMap((feed) => nextAt(feed, nowMs) ?? []);
  return times.length === 0 ? undefined : Math.max(nowMs, Math.min(...times));
}

function nextAt(feed: FeedTimes, nowMs: number): number | undefined {
  const { everyMs, checkedAtMs, triedAtMs, isOther, failures = 1 } = feed;
  if (everyMs === undefined) return undefined;
  if (Math.max(checkedAtMs ?? 0, triedAtMs ?? 0) > nowMs) return nowMs;
  const hasFailed = triedAtMs !== undefined && triedAtMs > (checkedAtMs ?? 0);
  if (hasFailed) return triedAtMs + Math.min(everyMs, RETRY_MS * 2 ** Math.max(0, failures - 1));
  return checkedAtMs === undefined || isOther ? nowMs : checkedAtMs + everyMs;
}

/** How long a copy has been older than it may be; undefined where it is not. */
export function overdueMs(feed: FeedTimes, nowMs: number): number | undefined {
  const { maxAgeMs, checkedAtMs } = feed;
  if (maxAgeMs === undefined || checkedAtMs === undefined) return undefined;
  const ageMs = nowMs - checkedAtMs;
  return ageMs > maxAgeMs ? ageMs : undefined;
}
