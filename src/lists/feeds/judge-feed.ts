import { FAMILIES } from '../../ip/family.js';
import { type Entry, addressesOf } from '../manual.js';
import type { FeedLimits } from './feed.js';
import { isFault } from './feed-line.js';
import { FeedRefused } from './refused.js';
import type { TakenLines } from './take-lines.js';

/** What is compared of a download and the last one. */
export interface FeedSize {
  readonly entries: number;
  /** Addresses, each counted once; as near as a double can be for IPv6. */
  readonly 4: number;
  readonly 6: number;
}

/** Addresses that a list may hold at most a share of: all of IPv4; 2000::/3 (RFC 4291). */
const SPACE = { 4: 2 ** 32, 6: 2 ** 125 };

/**
 * Changes that are smaller than this are never refused: a list of three addresses may well
 * become one of two hundred.
 */
const SMALL: FeedSize = { entries: 100, 4: 2 ** 16, 6: 2 ** 96 };

export function sizeOf(entries: readonly Entry[], nowMs: number): FeedSize {
  const { v4, v6 } = addressesOf(entries, nowMs);
  return { entries: entries.length, 4: v4.countAddresses(), 6: v6.countAddresses() };
}

/**
 * @param last size of the last download; undefined where there is nothing to compare with
 * @throws FeedRefused where a download is not to be taken, and the last one stays
 */
export function judgeFeed(
  taken: TakenLines,
  last: FeedSize | undefined,
  limits: FeedLimits,
  nowMs: number,
): void {
  const entries = taken.lines.filter((line): line is Entry => !isFault(line));
  const faults = taken.lines.filter(isFault);
  const [fault] = faults;
  if (entries.length === 0) {
    const isFine = limits.takesEmpty && fault === undefined && taken.tooLarge.length === 0;
    if (!isFine) throw new FeedRefused(emptyText(taken, fault?.found));
  }
  if (fault && (limits.isStrict || faults.length > entries.length)) {
    const why = limits.isStrict
      ? 'another list leaves this one out'
      : `${faults.length} lines cannot be read, and only ${entries.length} can`;
    const found = JSON.stringify(fault.found.slice(0, 60));
    throw new FeedRefused(
      `line ${fault.line}: found ${found}; expected ${fault.expected} (${why})`,
    );
  }
  const [large] = taken.tooLarge;
  if (large && limits.isStrict) {
    throw new FeedRefused(`${tooLargeText(large, limits)} (another list leaves this one out)`);
  }
  const size = sizeOf(entries, nowMs);
  for (const family of FAMILIES) {
    const share = size[family] / SPACE[family];
    if (share <= limits.maxShare) continue;
    const space = family === 4 ? 'IPv4' : '2000::/3';
    throw new FeedRefused(
      `it holds ${percent(share)} of ${space}, more than max_share (${percent(limits.maxShare)})`,
    );
  }
  const jump = last && findJump(size, last, limits);
  if (jump !== undefined) throw new FeedRefused(jump, true);
}

/** What is not plausible about a change. */
function findJump(size: FeedSize, last: FeedSize, { fall, rise }: FeedLimits): string | undefined {
  for (const kind of ['entries', ...FAMILIES] as const) {
    const change = size[kind] - last[kind];
    if (Math.abs(change) < SMALL[kind]) continue;
    // many more entries of few addresses do no harm that the addresses do not tell
    const grows = change > 0 && kind !== 'entries';
    const what = kind === 'entries' ? 'entries' : `IPv${kind} addresses`;
    const numbers = `from ${countText(last[kind])} to ${countText(size[kind])}`;
    if (-change > fall * last[kind]) {
      return `it would fall ${numbers} ${what}, by more than ${percent(fall)}`;
    }
    // a family without any address so far has nothing to be measured against but max_share
    if (grows && last[kind] > 0 && change > rise * last[kind]) {
      return `it would rise ${numbers} ${what}, by more than ${percent(rise)}`;
    }
  }
  return undefined;
}

function emptyText({ tooLarge, privateCount }: TakenLines, found: string | undefined): string {
  const text = found === undefined ? 'nothing' : JSON.stringify(found.slice(0, 60));
  const rest = tooLarge.length + privateCount;
  if (rest > 0) return `none of its ${rest} entries may be taken: too large, or private addresses`;
  return `found ${text} and no address in it; expected an address, prefix or range a line`;
}

export function tooLargeText(entry: Entry, { minPrefix }: Pick<FeedLimits, 'minPrefix'>): string {
  const { family } = entry.range;
  const option = family === 4 ? 'min_prefix' : 'min_prefix6';
  return `${entry.text} is larger than a /${minPrefix[family]} (${option})`;
}

function countText(count: number): string {
  return count < 1e15 ? String(count) : count.toExponential(2);
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}
