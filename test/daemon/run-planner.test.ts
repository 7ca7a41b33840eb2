import { describe, expect, test } from 'vitest';

import { type PastRun, RunPlanner } from '../../src/daemon/run-planner.js';
import { Schedule } from '../../src/daemon/schedule.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const LOOK_MS = 15_000;

function pastRun(startedMs: number, wantsRetry = false): PastRun {
  return { startedMs, endedMs: startedMs + 1000, wantsRetry };
}

/** A host with a clock of its own, at which a daemon looks every 15 seconds. */
class Host {
  nowMs: number;
  readonly begun: number[] = [];
  readonly #planner: RunPlanner;
  #endsMs: number | undefined;
  runTakesMs = 5000;
  fails = false;

  constructor(
    expression: string,
    zone: string,
    from: string,
    last: PastRun | undefined,
    jitterMs = 0,
  ) {
    this.nowMs = Date.parse(from);
    const schedule = new Schedule(expression, zone);
    this.#planner = new RunPlanner({ schedule, jitterMs, seed: 'host', last });
  }

  /** Lets time go on; looks on the way. */
  live(forMs: number): void {
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; this.nowMs += LOOK_MS) this.#look();
  }

  get hours(): string[] {
    return this.begun.map((ms) => new Date(ms).toISOString().slice(5, 16));
  }

  #look(): void {
    if (this.#endsMs !== undefined && this.nowMs >= this.#endsMs) {
      const startedMs = this.begun.at(-1) ?? NaN;
      this.#endsMs = undefined;
      this.#planner.ended({ startedMs, endedMs: this.nowMs, wantsRetry: this.fails });
    }
    if (!this.#planner.isDue(this.nowMs)) return;
    if (this.#endsMs !== undefined) throw new Error('two updates at a time');
    this.#planner.began();
    this.begun.push(this.nowMs);
    this.#endsMs = this.nowMs + this.runTakesMs;
  }
}

describe('a week', () => {
  test.each([
    ['Europe/Berlin', '2026-03-26T00:00Z', ['01:30', '01:30', '01:30', '01:00', '00:30']],
    ['Europe/Berlin', '2026-10-22T00:00Z', ['00:30', '00:30', '00:30', '00:30', '01:30']],
    ['America/New_York', '2026-03-05T00:00Z', ['07:30', '07:30', '07:30', '07:00', '06:30']],
    ['America/New_York', '2026-10-29T00:00Z', ['06:30', '06:30', '06:30', '07:30', '07:30']],
  ])('across a change of the clocks in %s from %s: one run a day', (zone, from, hours) => {
    const start = Date.parse(from);
    const host = new Host('30 2 * * *', zone, from, pastRun(start - DAY_MS / 24));
    host.live(7 * DAY_MS);
    expect(host.begun).toHaveLength(7);
    expect(host.hours.slice(0, 5).map((text) => text.slice(6))).toEqual(hours);
    expect(new Set(host.hours.map((text) => text.slice(0, 5))).size).toBe(7);
  });

  test('with jitter: each run within it, and none left out', () => {
    const from = '2026-06-01T00:00Z';
    const last = pastRun(Date.parse(from) - HOUR_MS);
    const host = new Host('17 4 * * *', 'UTC', from, last, 10 * MINUTE_MS);
    host.live(7 * DAY_MS);
    expect(host.begun).toHaveLength(7);
    for (const ms of host.begun) {
      const lateMs = (ms % DAY_MS) - (4 * HOUR_MS + 17 * MINUTE_MS);
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThan(10 * MINUTE_MS + LOOK_MS);
    }
  });
});

describe('missed runs', () => {
  test('a host that slept for three days catches up once', () => {
    const from = '2026-06-01T00:00Z';
    const host = new Host('17 * * * *', 'UTC', from, pastRun(Date.parse(from)));
    host.live(2 * HOUR_MS);
    expect(host.hours).toEqual(['06-01T00:17', '06-01T01:17']);
    host.nowMs += 3 * DAY_MS;
    host.live(HOUR_MS);
    expect(host.hours.slice(2)).toEqual(['06-04T02:00', '06-04T02:17']);
  });

  test('one that was missed while the daemon was down is made up at its start', () => {
    const last = pastRun(Date.parse('2026-06-01T04:17Z'));
    const host = new Host('17 4 * * *', 'UTC', '2026-06-03T12:00Z', last);
    host.live(DAY_MS);
    expect(host.hours).toEqual(['06-03T12:00', '06-04T04:17']);
  });

  test('a daemon that never updated does so at once', () => {
    const host = new Host('17 4 * * *', 'UTC', '2026-06-03T12:00Z', undefined);
    host.live(HOUR_MS);
    expect(host.hours).toEqual(['06-03T12:00']);
  });
});

describe('a clock that jumps back', () => {
  test('by an hour: no more than one run a time, and the next one comes', () => {
    const from = '2026-06-01T00:00Z';
    const host = new Host('17 * * * *', 'UTC', from, pastRun(Date.parse(from)));
    host.live(HOUR_MS + 20 * MINUTE_MS);
    host.nowMs -= HOUR_MS;
    host.live(2 * HOUR_MS);
    expect(host.hours).toEqual(['06-01T00:17', '06-01T01:17', '06-01T01:17', '06-01T02:17']);
  });

  test('by four years: what lies in the future is not waited for', () => {
    const last = pastRun(Date.parse('2030-01-01T04:17Z'));
    const host = new Host('17 4 * * *', 'UTC', '2026-06-03T12:00Z', last);
    host.live(2 * DAY_MS);
    expect(host.hours).toEqual(['06-04T04:17', '06-05T04:17']);
  });
});

test('a run that takes longer than the period is followed by one, not by many', () => {
  const from = '2026-06-01T00:00Z';
  const host = new Host('*/5 * * * *', 'UTC', from, pastRun(Date.parse(from)));
  host.runTakesMs = 12 * MINUTE_MS;
  host.live(HOUR_MS);
  expect(host.hours.map((text) => text.slice(6))).toEqual([
    '00:05',
    '00:17',
    '00:29',
    '00:41',
    '00:53',
  ]);
});

test('what failed is tried again some times, and then at its next time', () => {
  const from = '2026-06-01T04:00Z';
  const host = new Host('17 4 * * *', 'UTC', from, pastRun(Date.parse(from)));
  host.fails = true;
  host.live(DAY_MS);
  expect(host.hours.map((text) => text.slice(6))).toEqual([
    '04:17',
    '04:27',
    '04:47',
    '05:27',
    '06:48',
  ]);
  host.fails = false;
  host.live(2 * DAY_MS);
  expect(host.hours.slice(5)).toEqual(['06-02T04:17', '06-03T04:17']);
});
