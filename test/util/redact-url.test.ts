import { expect, test } from 'vitest';

import { redactUrl, redactUrls } from '../../src/util/redact-url.js';

test.each([
  ['https://www.spamhaus.org/drop/drop.txt', 'https://www.spamhaus.org/drop/drop.txt'],
  ['https://kei:pass@example.net:8443/a', 'https://***@example.net:8443/a'],
  ['https://token@example.net/a', 'https://***@example.net/a'],
  ['https://example.net/a?key=1&x=2#y', 'https://example.net/a?key=***&x=***#y'],
  ['htp://kei:pass@example.net/a', 'htp://***@example.net/a'],
  ['no URL: //kei:pa@ss@host', 'no URL: //***@host'],
  ['lists/blocked.txt', 'lists/blocked.txt'],
])('%s is shown as %s', (text, shown) => {
  expect(redactUrl(text)).toBe(shown);
  expect(redactUrls({ a: [text], b: 7, c: null })).toEqual({ a: [shown], b: 7, c: null });
});
