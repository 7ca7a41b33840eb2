import { describe, expect, test } from 'vitest';

import { Schedule, jitterOf } from '../../src/daemon/schedule.js';

const BERLIN = 'Europe/Berlin';
const NEW_YORK = 'America/New_York';

/** The first moments after one, as ISO 8601 in UTC to the minute. */
function moments(expression: string, zone: string, after: string, count: number): string[] {
  const schedule = new Schedule(expression, zone);
  const found: string[] = [];
  let at = Date.parse(after);
  for (let k = 0; k < count; k++) {
    at = schedule.next(at) ?? NaN;
    found.push(Number.isNaN(at) ? 'never' : new Date(at).toISOString().slice(0, 16));
  }
  return found;
}

describe('the next moment of an expression', () => {
  test.each([
    // clocks are put forward over 02:30: then it is when they are
    ['30 2 * * *', BERLIN, '2026-03-27T12:00Z', ['03-28T01:30', '03-29T01:00', '03-30T00:30']],
    ['30 2 * * *', NEW_YORK, '2026-03-06T12:00Z', ['03-07T07:30', '03-08T07:00', '03-09T06:30']],
    // clocks show 02:30 (01:30) twice: it is the first time
    ['30 2 * * *', BERLIN, '2026-10-23T12:00Z', ['10-24T00:30', '10-25T00:30', '10-26T01:30']],
    ['30 1 * * *', NEW_YORK, '2026-10-30T12:00Z', ['10-31T05:30', '11-01T05:30', '11-02T06:30']],
    // a distance holds by the clock alone
    ['30 */1 * * *', BERLIN, '2026-03-29T00:00Z', ['03-29T00:30', '03-29T01:30', '03-29T02:30']],
    ['30 * * * *', BERLIN, '2026-10-25T00:00Z', ['10-25T00:30', '10-25T01:30', '10-25T02:30']],
    ['*/30 1 * * *', NEW_YORK, '2026-11-01T05:15Z', ['11-01T05:30', '11-01T06:00', '11-01T06:30']],
    // other fields
    ['17 4 * * *', 'UTC', '2026-06-01T04:17Z', ['06-02T04:17', '06-03T04:17']],
    ['0 0 1 * *', 'UTC', '2026-01-31T00:00Z', ['02-01T00:00', '03-01T00:00']],
    ['0 12 * * 1-5', 'UTC', '2026-05-29T13:00Z', ['06-01T12:00', '06-02T12:00']],
    ['0 12 * * sun', 'UTC', '2026-05-29T13:00Z', ['05-31T12:00', '06-07T12:00']],
    ['0 12 * * 7', 'UTC', '2026-05-29T13:00Z', ['05-31T12:00', '06-07T12:00']],
    // as in cron: one of day and weekday is enough where both are restricted
    ['0 0 13 * 5', 'UTC', '2026-11-08T00:00Z', ['11-13T00:00', '11-20T00:00']],
    ['0 0 13 * 5', 'UTC', '2026-12-11T12:00Z', ['12-13T00:00', '12-18T00:00']],
  ])('%s in %s after %s', (expression, zone, after, expected) => {
    expect(moments(expression, zone, after, expected.length)).toEqual(
      expected.map((text) => `2026-${text}`),
    );
  });

  test('29 February is waited for', () => {
    expect(moments('0 4 29 2 *', 'UTC', '2026-03-01T00:00Z', 1)).toEqual(['2028-02-29T04:00']);
  });
});

test('jitter is below its longest, the same for one host, and another for others', () => {
  const moment = Date.parse('2026-06-01T04:17Z');
  const all = Array.from({ length: 200 }, (_, k) => jitterOf(`host${k}`, moment, 300_000));
  expect(Math.max(...all)).toBeLessThan(300_000);
  expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
  expect(new Set(all).size).toBeGreaterThan(190);
  expect(jitterOf('host7', moment, 300_000)).toBe(all[7]);
});
