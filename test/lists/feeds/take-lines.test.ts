import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { unionOf, addressSetOf } from '../../../src/ip/address-set.js';
import type { FeedLimits } from '../../../src/lists/feeds/feed.js';
import { isFault, lineOfValue, textOfLines } from '../../../src/lists/feeds/feed-line.js';
import { judgeFeed, sizeOf } from '../../../src/lists/feeds/judge-feed.js';
import { readPlain } from '../../../src/lists/feeds/read-plain.js';
import { takeLines } from '../../../src/lists/feeds/take-lines.js';
import { parseManualList } from '../../../src/lists/manual.js';

const LIMITS: FeedLimits = {
  minPrefix: { 4: 8, 6: 19 },
  takesPrivate: false,
  takesEmpty: false,
  isStrict: false,
  maxShare: 0.25,
  fall: 0.5,
  rise: 2,
  maxLines: 1e6,
};
const NOW = Date.UTC(2026, 5, 1);

function take(text: string, limits: Partial<FeedLimits> = {}) {
  return takeLines(readPlain(text, 1e6), { ...LIMITS, ...limits });
}

function textsOf(text: string, limits: Partial<FeedLimits> = {}): string[] {
  return take(text, limits).lines.map((line) => (isFault(line) ? '?' : line.text));
}

describe('what is left out', () => {
  test('the whole world, and what is larger than the limit, in whatever notation', () => {
    const text =
      '0.0.0.0/0\n192.0.2.1\n::/0\n2000::/3\n1.0.0.0-3.0.0.0\n0.0.0.0/0.0.0.0\n11.0.0.0/8\n';
    const { tooLarge } = take(text);
    expect(tooLarge.map((entry) => entry.text)).toEqual([
      '0.0.0.0/0',
      '::/0',
      '2000::/3',
      '1.0.0.0-3.0.0.0',
      '0.0.0.0/0.0.0.0',
    ]);
    expect(textsOf(text)).toEqual(['192.0.2.1', '11.0.0.0/8']);
    expect(textsOf('2003::/19\n2003::/18\n')).toEqual(['2003::/19']);
    expect(textsOf('0.0.0.0/1', { minPrefix: { 4: 1, 6: 1 } })).toEqual([
      '1.0.0.0-9.255.255.255',
      '11.0.0.0-100.63.255.255',
      '100.128.0.0-126.255.255.255',
    ]);
  });

  test('private addresses, as FireHOL level 1 has them', () => {
    const text =
      '0.0.0.0/8\n10.0.0.0/8\n100.64.0.0/10\n127.0.0.0/8\n169.254.0.0/16\n172.16.0.0/12\n' +
      '192.168.0.0/16\n224.0.0.0/3\n::1\nfe80::/10\nff02::1\nfc00::/7\n1.10.16.0/20\n';
    const { tooLarge, privateCount } = take(text);
    expect({ tooLarge, privateCount }).toEqual({ tooLarge: [], privateCount: 12 });
    expect(textsOf(text)).toEqual(['1.10.16.0/20']);
    expect(textsOf(text, { takesPrivate: true, minPrefix: { 4: 3, 6: 7 } })).toHaveLength(13);
  });

  test('private parts are cut out of an entry, whose reason stays', () => {
    const [first, second] = take('172.0.0.0/8 ; SBL1\n').lines;
    expect([first, second]).toMatchObject([
      { text: '172.0.0.0-172.15.255.255', reason: 'SBL1' },
      { text: '172.32.0.0-172.255.255.255', reason: 'SBL1' },
    ]);
  });
});

describe('what is refused', () => {
  const many = (count: number, base = 0): string =>
    Array.from({ length: count }, (_, k) => {
      const n = base + k;
      return `198.${51 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}\n`;
    }).join('');
  const size = (text: string) => sizeOf(parseManualList(text).entries, NOW);
  const judge = (text: string, before?: string, limits: Partial<FeedLimits> = {}): string => {
    const merged = { ...LIMITS, ...limits };
    try {
      judgeFeed(take(text, limits), before === undefined ? undefined : size(before), merged, NOW);
      return 'taken';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test.each<[name: string, text: string, before: string | undefined, limits: Partial<FeedLimits>]>([
    ['the first download', many(5), undefined, {}],
    ['a few that become fewer', many(1), many(90), {}],
    ['a few that become many', many(5000), many(3), {}],
    ['half of many', many(500), many(1000), {}],
    ['nothing, where that is asked for', '# none\n', many(50), { takesEmpty: true }],
    ['a fall that is allowed', many(10), many(1000), { fall: 0.99 }],
    ['a first IPv6 network', `${many(9)}2001:db8::/32\n`, many(9), {}],
  ])('%s: taken', (_, text, before, limits) => {
    expect(judge(text, before, limits)).toBe('taken');
  });

  test.each<
    [name: string, text: string, before: string | undefined, limits: Partial<FeedLimits>, RegExp]
  >([
    ['an error page', '<html>\n', undefined, {}, /found "<html>" and no address in it/],
    ['nothing', '# none\n', undefined, {}, /found nothing and no address/],
    ['an error page where empty is fine', '<html>\n', undefined, { takesEmpty: true }, /<html>/],
    ['only the world', '0.0.0.0/0\n', undefined, { takesEmpty: true }, /none of its 1 entries/],
    [
      'CSV as a plain list',
      '192.0.2.1\na,b\nc,d\n',
      undefined,
      {},
      /2 lines cannot be read, and only 1 can/,
    ],
    ['a cut file', many(400), many(1000), {}, /fall from 1000 to 400 entries, by more than 50 %/],
    [
      'a world in pieces',
      '1.0.0.0/8\n',
      many(1000),
      { fall: 1 },
      /rise from 1000 to 16777216 IPv4/,
    ],
    [
      'a third of IPv4',
      '64.0.0.0/2\n128.0.0.0/3\n',
      undefined,
      { minPrefix: { 4: 2, 6: 19 } },
      /it holds 37 % of IPv4/,
    ],
    [
      'a strict list with a bad line',
      '192.0.2.1\nx\n',
      undefined,
      { isStrict: true },
      /line 2: found "x"/,
    ],
    [
      'a strict list with the world',
      '192.0.2.1\n::/0\n',
      undefined,
      { isStrict: true },
      /::\/0 is larger than a \/19 \(min_prefix6\)/,
    ],
  ])('%s: refused', (_, text, before, limits, expected) => {
    expect(judge(text, before, limits)).toMatch(expected);
  });
});

test('the copy says what the download said, whatever its words', () => {
  const word = fc.oneof(
    fc.constantFrom('until=2020-01-01', '#x', ';', 'by=a', '-', '\n', '\u2028', '"', '0.0.0.0/0'),
    fc.string(),
  );
  const value = fc.oneof(
    fc.constantFrom('192.0.2.1', '2001:db8::/32', '192.0.2.9-192.0.2.12'),
    word,
  );
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          value,
          fc.array(word).map((words) => words.join(' ')),
        ),
      ),
      (rows) => {
        const lines = rows.map(([text, reason], k) => lineOfValue(text, k + 1, reason));
        const copy = parseManualList(textOfLines(lines));
        const entries = lines.filter((line) => !isFault(line));
        expect(copy.entries.map(({ text, reason }) => [text, reason])).toEqual(
          entries.map((entry) => ('text' in entry ? [entry.text, entry.reason] : [])),
        );
        expect(copy.faults).toHaveLength(lines.length - entries.length);
        expect(copy.entries.every(({ untilMs, author }) => untilMs === undefined && !author)).toBe(
          true,
        );
      },
    ),
    { numRuns: 2000 },
  );
});

test('nothing private is left after the cut, and nothing else is lost', () => {
  const { lines } = take('0.0.0.0/0\n::/0\n', { minPrefix: { 4: 0, 6: 0 } });
  const left = addressSetOf(lines.flatMap((line) => (isFault(line) ? [] : [line.range])));
  const cut = take('10.0.0.0/8\n', { takesPrivate: true });
  const ten = addressSetOf(cut.lines.flatMap((line) => (isFault(line) ? [] : [line.range])));
  expect(unionOf([left, ten]).v4.countAddresses() - left.v4.countAddresses()).toBe(2 ** 24);
  // 0/8, 10/8, 127/8, 224/3, 100.64/10, 169.254/16, 172.16/12, 192.168/16
  const missing = 3 * 2 ** 24 + 2 ** 29 + 2 ** 22 + 2 ** 16 + 2 ** 20 + 2 ** 16;
  expect(left.v4.countAddresses()).toBe(2 ** 32 - missing);
});
