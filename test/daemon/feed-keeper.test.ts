import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { parseConfig } from '../../src/config/load.js';
import type { ServiceConfig } from '../../src/daemon/configuration.js';
import { FeedKeeper } from '../../src/daemon/feed-keeper.js';
import type { Job, JobResult } from '../../src/daemon/job-messages.js';
import type { Voice } from '../../src/jobs/voice.js';
import type { FeedTimes } from '../../src/lists/feeds/schedule.js';

const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 21, 12);

function configOf(every: string): ServiceConfig {
  const text = `lists: { drop: { url: 'https://feeds.example/drop'${every} } }`;
  return { text, file: undefined, loaded: parseConfig(text, undefined), readAtMs: START };
}

let config: ServiceConfig;
let feed: FeedTimes;
/** Minutes after the start at which feeds were asked for. */
let asked: number[];
let lines: string[];
/** What a run does with the feed, and says. */
let work: (voice: Voice) => Promise<JobResult> | JobResult;
let keeper: FeedKeeper;

const DONE: JobResult = { kind: 'feeds', refreshed: { exitCode: 0, updated: [] } };

function answer(): JobResult {
  feed = { ...feed, checkedAtMs: Date.now(), triedAtMs: Date.now(), failures: undefined };
  return DONE;
}

function fail(voice: Voice): JobResult {
  voice.warn('list drop: no answer');
  feed = { ...feed, triedAtMs: Date.now(), failures: (feed.failures ?? 0) + 1 };
  return { kind: 'feeds', refreshed: { exitCode: 3, updated: [] } };
}

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  config = configOf(', every: 15m');
  const known = { checkedAtMs: START - 5 * MINUTE, triedAtMs: START - 5 * MINUTE };
  feed = { list: 'drop', everyMs: 15 * MINUTE, maxAgeMs: undefined, isOther: false, ...known };
  asked = [];
  lines = [];
  work = answer;
  keeper = new FeedKeeper({
    config: () => config,
    report: (level, text) => lines.push(`${level}: ${text}`),
    states: () => [feed],
    runner: {
      run: async (job: Job, _: unknown, voice: Voice) => {
        expect(job).toEqual({ kind: 'feeds' });
        asked.push(Math.round((Date.now() - START) / MINUTE));
        return work(voice);
      },
    },
  });
});

afterEach(() => {
  keeper.stop();
  vi.useRealTimers();
});

const pass = (minutes: number) => vi.advanceTimersByTimeAsync(minutes * MINUTE);

test('a feed is asked for when its interval has passed', async () => {
  keeper.start();
  expect(keeper.nextFeedMs()).toBe(START + 10 * MINUTE);
  await pass(60);
  expect(asked).toEqual([10, 25, 40, 55]);
  expect(keeper.nextFeedMs()).toBe(START + 70 * MINUTE);
});

test('never while a run is under way, however long', async () => {
  let end: (result: JobResult) => void = () => undefined;
  work = () => new Promise((resolve) => (end = resolve));
  keeper.start();
  await pass(120);
  expect(asked).toEqual([10]);
  work = answer;
  answer();
  end(DONE);
  await pass(16);
  expect(asked).toEqual([10, 135]);
});

test('what failed is tried again after waits that double, and its warning is said once', async () => {
  feed = {
    ...feed,
    everyMs: 120 * MINUTE,
    checkedAtMs: START - 120 * MINUTE,
    triedAtMs: undefined,
  };
  work = fail;
  keeper.start();
  await pass(360);
  expect(asked).toEqual([0, 15, 45, 105, 225, 345]);
  expect(lines).toEqual(['warning: list drop: no answer']);
});

test('where nothing can be noted about a feed, it is not asked for all the time', async () => {
  work = () => ({ kind: 'failed', message: 'the state is read-only', isDefect: false });
  keeper.start();
  await pass(24 * 60);
  expect(asked.length).toBeGreaterThan(20);
  expect(asked.length).toBeLessThan(40);
  expect(lines).toEqual(['warning: feeds could not be asked for: the state is read-only']);
});

test('a clock that jumps by a day is found out within seconds', async () => {
  feed = { ...feed, everyMs: 24 * 60 * MINUTE };
  keeper.start();
  vi.setSystemTime(START + 24 * 60 * MINUTE);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(asked).toEqual([24 * 60]);
});

test('feeds without an interval are left to updates, until the configuration gives them one', async () => {
  config = configOf('');
  keeper.start();
  await pass(60);
  expect([asked, keeper.nextFeedMs()]).toEqual([[], undefined]);
  config = configOf(', every: 15m');
  keeper.reload();
  await pass(1);
  expect(asked).toEqual([60]);
});

test('states that cannot be read are told of once, and looked for again', async () => {
  let isBroken = true;
  keeper = new FeedKeeper({
    config: () => config,
    report: (level, text) => lines.push(`${level}: ${text}`),
    states: () => {
      if (isBroken) throw new Error('EIO');
      return [feed];
    },
    runner: { run: () => (asked.push(1), Promise.resolve(answer())) },
  });
  keeper.start();
  await pass(20);
  expect([asked, lines]).toEqual([[], ['error: it is not known which feeds are due: EIO']]);
  isBroken = false;
  await pass(1);
  expect(asked).toEqual([1]);
});
