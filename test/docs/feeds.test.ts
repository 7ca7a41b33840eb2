import { expect, test } from 'vitest';

import { parseConfig } from '../../src/config/load.js';
import { feedsOf } from '../../src/lists/feeds/feed.js';
import { blocksOf, readPage } from './markdown.js';

/*
 * The configurations of docs/feeds.md, each of which is to be good; test/system/fleet.test.ts runs
 * its fleet.
 */

const CONFIGS = blocksOf(readPage('docs/feeds.md')).filter(({ language }) => language === 'yaml');

test('its configurations are good, and their lists are feeds of each form', () => {
  const kinds = CONFIGS.flatMap(({ text }) =>
    feedsOf(parseConfig(text, 'docs/feeds.md')).map(({ form }) => form.kind),
  );
  expect(new Set(kinds)).toEqual(new Set(['plain', 'csv', 'json']));
});

test('the limits that it tells are those of the schema', () => {
  const { feeds } = parseConfig('', undefined).config;
  expect(feeds).toEqual({
    min_prefix: 8,
    min_prefix6: 19,
    max_share: 0.25,
    fall: 0.5,
    rise: 2,
    max_lines: 1_000_000,
  });
});
