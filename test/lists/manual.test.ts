import { describe, expect, test } from 'vitest';

import { addressesOf, isInForce, parseManualList } from '../../src/lists/manual.js';

describe('a line of a manual list', () => {
  test('has an address in any notation, a reason, an end and a comment', () => {
    const { entries, faults } = parseManualList(
      [
        '# a comment',
        '192.0.2.7  brute force on ssh   # seen twice',
        '  198.51.100.0/24\tuntil=2026-12-31\tspam run',
        '203.0.113.0/255.255.255.0',
        '203.0.113.1-203.0.113.9 until=2026-12-31T12:00:00+09:00',
        '2001:db8::/32 ; SBL123',
        '',
        '2001:db8::1-2001:db8::9\r',
      ].join('\n'),
    );
    expect(faults).toEqual([]);
    expect(
      entries.map(({ line, text, reason, untilMs }) => ({ line, text, reason, untilMs })),
    ).toEqual([
      { line: 2, text: '192.0.2.7', reason: 'brute force on ssh' },
      {
        line: 3,
        text: '198.51.100.0/24',
        reason: 'spam run',
        untilMs: Date.parse('2027-01-01T00:00:00Z'),
      },
      { line: 4, text: '203.0.113.0/255.255.255.0' },
      {
        line: 5,
        text: '203.0.113.1-203.0.113.9',
        untilMs: Date.parse('2026-12-31T03:00:00Z'),
      },
      { line: 6, text: '2001:db8::/32' },
      { line: 8, text: '2001:db8::1-2001:db8::9' },
    ]);
  });

  test.each([
    ['198.51.100.1/24', '198.51.100.1/24', /no host bits set: 198\.51\.100\.0\/24/],
    ['010.0.0.1 reason', '010.0.0.1', /leading zeros/],
    ['1.2.3', '1.2.3', /four octets/],
    ['300.1.1.1', '300.1.1.1', /0 to 255/],
    ['203.0.113.9-203.0.113.1', '203.0.113.9-203.0.113.1', /lower address first/],
    ['203.0.113.1 - 203.0.113.9', '203.0.113.1 - 203.0.113.9', /without spaces/],
    ['203.0.113.1 until=tomorrow', 'until=tomorrow', /until=2026-12-31/],
    ['203.0.113.1 until=2026-02-30', 'until=2026-02-30', /until=2026-12-31/],
    ['203.0.113.1 until=2026-12-31T25:00:00Z', 'until=2026-12-31T25:00:00Z', /until=/],
    ['203.0.113.1 until=2026-12-31T12:00', 'until=2026-12-31T12:00', /until=/],
    ['<html>', '<html>', /IPv4 address/],
  ])('%s is refused alone', (line, found, expected) => {
    const { entries, faults } = parseManualList(`192.0.2.1\n${line}\n192.0.2.2\n`);
    expect(entries.map((entry) => entry.text)).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ line: 2, found });
    expect(faults[0]?.expected).toMatch(expected);
  });

  test('from Windows: what is a comment stays one, and an end in a comment ends nothing', () => {
    const { entries, faults } = parseManualList(
      '# a comment\r\n192.0.2.1 # seen twice\r\n192.0.2.2 # until=2020-01-01\r\n',
    );
    expect(faults).toEqual([]);
    expect(entries.map(({ text, reason, untilMs }) => ({ text, reason, untilMs }))).toEqual([
      { text: '192.0.2.1' },
      { text: '192.0.2.2' },
    ]);
  });

  test('counts until its end and no longer', () => {
    const { entries } = parseManualList('192.0.2.1 until=2026-12-31\n192.0.2.2\n');
    const end = Date.parse('2027-01-01T00:00:00Z');
    expect(addressesOf(entries, end - 1).v4.countAddresses()).toBe(2);
    expect(addressesOf(entries, end).v4.countAddresses()).toBe(1);
    expect(entries.map((entry) => isInForce(entry, end))).toEqual([false, true]);
  });

  test('overlapping and adjoining entries are merged', () => {
    const { entries } = parseManualList('192.0.2.0/25\n192.0.2.128/25\n192.0.2.7\n');
    expect(addressesOf(entries, 0).v4.length).toBe(1);
  });
});
