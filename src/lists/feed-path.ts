import { join } from 'node:path';

/*
 * Apart from what downloads feeds: whoever only reads them need not load an HTTP client.
 */

/** Where the last good copy of a feed is, or would be. */
export function feedPath(state: string, list: string): string {
  return join(state, 'feeds', `${list}.txt`);
}
