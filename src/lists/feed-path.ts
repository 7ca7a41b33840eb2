import { join } from 'node:path';

/*
 * Apart from what downloads feeds: whoever only reads them need not load an HTTP client.
 */

/** Where the last good copy of a feed is, or would be. */
export function feedPath(state: string, list: string): string {
  return join(state, 'feeds', `${list}.txt`);
}

/**
 * Files that say what a feed's list holds: with `stale: empty` also when the copy was last found up
 * to date, which ends its being old.
 */
export function feedPaths(state: string, list: string, stale: 'keep' | 'empty' = 'keep'): string[] {
  const path = feedPath(state, list);
  return stale === 'keep' ? [path] : [path, feedFactsPath(path)];
}

/** Where it stands what is known of a copy. */
export function feedFactsPath(path: string): string {
  return `${path}.json`;
}
