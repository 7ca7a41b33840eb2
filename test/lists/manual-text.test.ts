import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseManualList } from '../../src/lists/manual.js';
import { ManualText, reasonFault } from '../../src/lists/manual-text.js';
import { parseRange, rangeKey } from '../../src/ip/notation.js';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const LATER = Date.parse('2026-11-28T12:00:00Z');

function entryOf(text: string, more: { reason?: string; untilMs?: number; author?: string } = {}) {
  const range = parseRange(text);
  if ('expected' in range) throw new Error(`${text}: ${range.expected}`);
  return { text, range, sinceMs: NOW, ...more };
}

const rangeOf = (text: string) => entryOf(text).range;

const FILE = `# kept by hand
192.0.2.1 spam # seen in the log

198.51.100.0/24 until=2026-11-20 old
2001:db8::/32
`;

describe('adding', () => {
  test('at the end, with what is known of it', () => {
    const text = new ManualText(FILE);
    const entry = entryOf('203.0.113.7', {
      reason: 'ssh  guesses',
      untilMs: LATER,
      author: 'an admin',
    });
    expect(text.add(entry)).toBe(true);
    expect(text.toString()).toBe(
      `${FILE}203.0.113.7 until=2026-11-28T12:00:00Z since=2026-11-21T12:00:00Z by=an_admin ssh guesses\n`,
    );
    expect(parseManualList(text.toString()).entries.at(-1)).toMatchObject({
      text: '203.0.113.7',
      reason: 'ssh guesses',
      untilMs: LATER,
      sinceMs: NOW,
      author: 'an_admin',
    });
  });

  test('in place of the same range, whose comment stays', () => {
    const text = new ManualText(FILE);
    expect(text.add(entryOf('192.0.2.1', { reason: 'worse' }))).toBe(true);
    expect(text.toString()).toBe(
      FILE.replace('192.0.2.1 spam', '192.0.2.1 since=2026-11-21T12:00:00Z worse'),
    );
  });

  test('nothing where it stands there already', () => {
    const text = new ManualText(FILE);
    expect(text.add(entryOf('192.0.2.1', { reason: 'spam' }))).toBe(false);
    expect(text.add(entryOf('2001:db8::/32'))).toBe(false);
    expect(text.toString()).toBe(FILE);
  });

  test('to an empty file, to one without a last line end, and to one from Windows', () => {
    const line = '192.0.2.9 since=2026-11-21T12:00:00Z';
    for (const [before, after] of [
      ['', `${line}\n`],
      ['# a', `# a\n${line}\n`],
      ['# a\r\n192.0.2.1\r\n', `# a\r\n192.0.2.1\r\n${line}\r\n`],
    ] as const) {
      const text = new ManualText(before);
      text.add(entryOf('192.0.2.9'));
      expect(text.toString()).toBe(after);
    }
  });

  test('with the line end of most lines, where each keeps its own', () => {
    const line = '192.0.2.9 since=2026-11-21T12:00:00Z';
    for (const [before, after] of [
      ['# a\n# b\r\n# c\n', `# a\n# b\r\n# c\n${line}\n`],
      ['# a\r\n\n# b\r\n# c', `# a\r\n\n# b\r\n# c\r\n${line}\r\n`],
      ['192.0.2.9\r\n# a\n# b\n192.0.2.7', `192.0.2.9\r\n# a\n# b\n192.0.2.7`],
    ] as const) {
      const text = new ManualText(before);
      text.add(entryOf('192.0.2.9'));
      expect(text.toString()).toBe(after);
    }
    const text = new ManualText('# a\r\n192.0.2.1\n192.0.2.2 until=2026-11-20\n# z');
    text.removeWithin(rangeOf('192.0.2.1'));
    expect(text.expire(NOW)).toBe(1);
    expect(text.toString()).toBe('# a\r\n# expired: 192.0.2.2 until=2026-11-20\n# z');
  });
});

describe('removing', () => {
  test('every entry within the range', () => {
    const text = new ManualText('192.0.2.1\n192.0.2.128/25 b\n# c\n192.0.3.0\n');
    const removed = text.removeWithin(rangeOf('192.0.2.0/24'));
    expect(removed.map((entry) => entry.text)).toEqual(['192.0.2.1', '192.0.2.128/25']);
    expect(text.toString()).toBe('# c\n192.0.3.0\n');
  });

  test('leaves larger entries, which it can be asked for', () => {
    const text = new ManualText(FILE);
    expect(text.removeWithin(rangeOf('198.51.100.7'))).toEqual([]);
    expect(text.meeting(rangeOf('198.51.100.7')).map((entry) => entry.line)).toEqual([4]);
    expect(text.toString()).toBe(FILE);
  });
});

test('entries that ran out are commented out', () => {
  const text = new ManualText(FILE);
  expect(text.expire(NOW)).toBe(1);
  expect(text.toString()).toBe(FILE.replace('198.51', '# expired: 198.51'));
  expect(text.expire(NOW)).toBe(0);
});

test.each([
  ['spam # 3', /comment/],
  ['; drop', /comment/],
  ['two\nlines', /one line/],
  ['until=tomorrow', /without the word "until=tomorrow"/],
])('the reason %j is refused', (reason, expected) => {
  expect(reasonFault(reason)).toMatch(expected);
});

test('after any edits the file says what a plain list of entries does', () => {
  const address = fc.constantFrom(
    '192.0.2.1',
    '192.0.2.2',
    '192.0.2.0/30',
    '2001:db8::1',
    '10.0.0.0-10.0.0.5',
  );
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), address, reason: fc.constantFrom('a', 'b c') }),
    fc.record({ kind: fc.constant('remove' as const), address, reason: fc.constant('') }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const text = new ManualText('# head\n192.0.2.2 c\n');
      const model = new Map([['192.0.2.2', 'c']]);
      for (const { kind, address: one, reason } of steps) {
        if (kind === 'add') {
          text.add(entryOf(one, { reason }));
          model.set(one, reason);
          continue;
        }
        text.removeWithin(rangeOf(one));
        for (const other of [...model.keys()]) {
          const isInBlock = one === '192.0.2.0/30' && other.startsWith('192.0.2.');
          if (other === one || isInBlock) model.delete(other);
        }
      }
      const { entries, faults } = parseManualList(text.toString());
      expect(faults).toEqual([]);
      expect(new Map(entries.map((entry) => [entry.text, entry.reason]))).toEqual(model);
      expect(text.toString().startsWith('# head\n')).toBe(true);
      // what it says without being read again
      const held = [...text.entries].map(({ range }) => rangeKey(range)).sort();
      expect(held).toEqual(entries.map(({ range }) => rangeKey(range)).sort());
    }),
    { numRuns: 500 },
  );
});
