import { describe, expect, test } from 'vitest';

import { DownloadFailure } from '../../../src/sources/download/failure.js';
import { DEFAULT_LIMITS } from '../../../src/sources/download/options.js';
import { redirectTarget } from '../../../src/sources/download/request.js';
import { backoffMs, parseRetryAfter, withRetries } from '../../../src/sources/download/retry.js';

const LIMITS = { ...DEFAULT_LIMITS, tries: 3, backoffMs: 1, backoffMaxMs: 2 };
const failure = (details: ConstructorParameters<typeof DownloadFailure>[2]): DownloadFailure =>
  new DownloadFailure('https://ftp.example.net/x', 'gone', details);

test('waits double, up to a bound, and are shortened by up to half', () => {
  const waits = [1, 2, 3, 6, 7].map((tried) => backoffMs(DEFAULT_LIMITS, tried, 0));
  expect(waits).toEqual([500, 1000, 2000, 15_000, 15_000]);
  expect(backoffMs(DEFAULT_LIMITS, 1, 0.999)).toBeCloseTo(250, 0);
});

describe('retries', () => {
  async function count(thrown: Error, limits = LIMITS): Promise<number> {
    let tries = 0;
    await expect(
      withRetries(limits, undefined, () => {
        tries++;
        return Promise.reject(thrown);
      }),
    ).rejects.toBe(thrown);
    return tries;
  }

  test('end after the tries that are allowed', async () => {
    expect(await count(failure({ temporary: true }))).toBe(3);
    expect(await count(failure({ temporary: true }), { ...LIMITS, tries: 1 })).toBe(1);
  });

  test('are not made for what stays as it is, or is a defect', async () => {
    expect(await count(failure({ temporary: false }))).toBe(1);
    expect(await count(new TypeError('a defect'))).toBe(1);
  });

  test('are not made where the server asks for too long a wait', async () => {
    expect(await count(failure({ temporary: true, retryAfterMs: 60_001 }))).toBe(1);
    const started = performance.now();
    expect(await count(failure({ temporary: true, retryAfterMs: 60 }))).toBe(3);
    expect(performance.now() - started).toBeGreaterThan(115);
  });

  test('stop when the run is stopped, with what had failed', async () => {
    const thrown = failure({ temporary: true, retryAfterMs: 50_000 });
    const signal = AbortSignal.timeout(20);
    await expect(withRetries(LIMITS, signal, () => Promise.reject(thrown))).rejects.toBe(thrown);
  });
});

test.each([
  ['120', 120_000],
  ['0', 0],
  ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
  ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After %s', (value, expected) => {
  expect(parseRetryAfter(value, Date.parse('2026-11-21T12:00:00Z'))).toBe(expected);
});

describe('redirects', () => {
  const from = 'https://ftp.example.net/stats/latest';

  test.each([
    ['2026/file', 'https://ftp.example.net/stats/2026/file'],
    ['//mirror.example.net/f', 'https://mirror.example.net/f'],
    ['https://other.example.net/f', 'https://other.example.net/f'],
  ])('to %s', (location, target) => {
    expect(redirectTarget(from, location)).toBe(target);
  });

  test('from http to https are followed, from https to http never', () => {
    expect(redirectTarget('http://a.example/x', 'https://a.example/x')).toBe('https://a.example/x');
    expect(() => redirectTarget(from, 'http://ftp.example.net/stats/latest')).toThrow(
      'ftp.example.net: redirects from https to http (ftp.example.net)',
    );
  });

  test.each([undefined, 'ftp://ftp.example.net/x', 'http://['])('to %s are refused', (location) => {
    expect(() => redirectTarget(from, location)).toThrow(/^ftp.example.net: redirects to "/);
  });
});
