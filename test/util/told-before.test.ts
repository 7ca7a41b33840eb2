import { expect, test } from 'vitest';

import { ToldBefore } from '../../src/util/told-before.js';

const DAY_MS = 86_400_000;

test('a line that stays true is said once a day', () => {
  const told = new ToldBefore();
  expect(told.newsIn(['old data', 'old data', 'bad line'], 0)).toEqual(['old data', 'bad line']);
  for (let minute = 1; minute < 24 * 60; minute++) {
    expect(told.newsIn(['old data', 'bad line'], minute * 60_000)).toEqual([]);
  }
  expect(told.newsIn(['old data', 'bad line'], DAY_MS)).toEqual(['old data', 'bad line']);
  expect(told.newsIn(['old data'], DAY_MS + 1)).toEqual([]);
});

test('one that was untrue in between is news, and so is any other', () => {
  const told = new ToldBefore();
  told.newsIn(['bad line 3'], 0);
  expect(told.newsIn([], 1)).toEqual([]);
  expect(told.newsIn(['bad line 3', 'bad line 4'], 2)).toEqual(['bad line 3', 'bad line 4']);
  told.forget();
  expect(told.newsIn(['bad line 4'], 3)).toEqual(['bad line 4']);
});
