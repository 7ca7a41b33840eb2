import { describe, expect, test } from 'vitest';

import {
  type FeedTimes,
  dueFeeds,
  isDue,
  nextFeedAt,
  overdueMs,
} from '../../../src/lists/feeds/schedule.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.UTC(2026, 5, 1, 12);

function feed(given: Partial<FeedTimes> = {}): FeedTimes {
  const common = { list: 'drop', everyMs: HOUR, maxAgeMs: undefined };
  return { ...common, checkedAtMs: undefined, triedAtMs: undefined, isOther: false, ...given };
}

/** Asked this long ago, with success. */
function asked(agoMs: number, given: Partial<FeedTimes> = {}): FeedTimes {
  return feed({ checkedAtMs: NOW - agoMs, triedAtMs: NOW - agoMs, ...given });
}

describe('an update', () => {
  test.each<[name: string, times: FeedTimes, due: boolean]>([
    ['never asked', feed(), true],
    ['without an interval', asked(1000, { everyMs: undefined }), true],
    ['asked a while ago', asked(30 * MINUTE), false],
    ['asked an interval ago', asked(HOUR), true],
    ['asked an interval ago, the schedule two seconds early', asked(HOUR - 2000), true],
    ['failed since', asked(30 * MINUTE, { triedAtMs: NOW - MINUTE }), true],
    ['another url', asked(MINUTE, { isOther: true }), true],
    ['a clock that went back', asked(-HOUR), true],
  ])('%s: %o', (_, times, due) => {
    expect(isDue(times, NOW)).toBe(due);
  });
});

describe('a daemon', () => {
  test('asks at the end of the shortest interval', () => {
    const feeds = [asked(50 * MINUTE), asked(MINUTE, { list: 'other', everyMs: 5 * MINUTE })];
    expect(dueFeeds(feeds, NOW)).toEqual([]);
    expect(nextFeedAt(feeds, NOW)).toBe(NOW + 4 * MINUTE);
    expect(dueFeeds(feeds, NOW + 4 * MINUTE)).toEqual(['other']);
    expect(dueFeeds(feeds, NOW + 10 * MINUTE)).toEqual(['drop', 'other']);
  });

  test('leaves feeds without an interval to the schedule', () => {
    const feeds = [asked(9 * HOUR, { everyMs: undefined })];
    expect(dueFeeds(feeds, NOW)).toEqual([]);
    expect(nextFeedAt(feeds, NOW)).toBeUndefined();
  });

  test('waits after a failure, and asks at once where nothing is known', () => {
    expect(nextFeedAt([feed()], NOW)).toBe(NOW);
    const failed = feed({ triedAtMs: NOW - MINUTE });
    expect(nextFeedAt([failed], NOW)).toBe(NOW + 14 * MINUTE);
    expect(nextFeedAt([{ ...failed, everyMs: 2 * MINUTE }], NOW)).toBe(NOW + MINUTE);
    expect(nextFeedAt([asked(-9 * HOUR)], NOW)).toBe(NOW);
  });

  test('waits twice as long after each further failure, up to the interval', () => {
    const minutes = [1, 2, 3, 4, 400].map((failures) => {
      const failed = asked(9 * HOUR, { triedAtMs: NOW, failures, everyMs: 2 * HOUR });
      return ((nextFeedAt([failed], NOW) ?? NaN) - NOW) / MINUTE;
    });
    expect(minutes).toEqual([15, 30, 60, 120, 120]);
  });
});

test('a copy is overdue past max_age', () => {
  expect(overdueMs(asked(9 * HOUR), NOW)).toBeUndefined();
  expect(overdueMs(asked(9 * HOUR, { maxAgeMs: 9 * HOUR }), NOW)).toBeUndefined();
  expect(overdueMs(asked(9 * HOUR, { maxAgeMs: 8 * HOUR }), NOW)).toBe(9 * HOUR);
});
