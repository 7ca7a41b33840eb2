import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { logPrefix } from '../../src/firewall/iptables/names.js';
import { parseLogLine } from '../../src/reports/kernel-log.js';
import { namesOfLog } from '../../src/reports/log-names.js';
import { newSightings, rowsOfLog } from '../../src/reports/log-rows.js';
import { parseConfig } from '../../src/config/load.js';

const NOW = Date.parse('2026-06-15T12:00:00Z');
const PACKET =
  'IN=eth0 OUT= MAC=52:54:00:12:34:56:52:54:00:65:43:21:08:00 SRC=221.200.232.93 DST=192.0.2.1 ' +
  'LEN=60 TOS=0x00 PREC=0x00 TTL=52 ID=30345 DF PROTO=TCP SPT=41952 DPT=25 WINDOW=64240 RES=0x00 SYN URGP=0 ';
const OURS = `sekisho mail asia: ${PACKET}`;

describe('a line of the kernel log', () => {
  test.each([
    [
      'rsyslog, RFC 3164',
      `Jun  5 04:17:09 mx kernel: [12345.678901] ${OURS}`,
      [2026, 5, 5, 4, 17, 9],
    ],
    ['journalctl -k', `Jun 05 04:17:09 mx kernel: ${OURS}`, [2026, 5, 5, 4, 17, 9]],
    ['of last year', `Dec 31 23:59:59 mx kernel: ${OURS}`, [2025, 11, 31, 23, 59, 59]],
    ['of a leap day', `Feb 29 00:00:00 mx kernel: ${OURS}`, [2024, 1, 29, 0, 0, 0]],
  ] as const)('%s, in local time', (_what, line, [year, month, day, ...clock]) => {
    expect(parseLogLine(line, NOW)).toEqual({
      timeMs: new Date(year, month, day, ...clock).getTime(),
      rule: 'mail',
      list: 'asia',
      source: '221.200.232.93',
      destination: '192.0.2.1',
    });
  });

  test.each([
    ['rsyslog, RFC 3339', '2026-06-05T04:17:09.123456+09:00', '2026-06-04T19:17:09.123Z'],
    ['journalctl -o short-iso', '2026-06-05T04:17:09+0900', '2026-06-04T19:17:09.000Z'],
    [
      'journalctl -o short-iso-precise',
      '2026-06-05T04:17:09.123456+0000',
      '2026-06-05T04:17:09.123Z',
    ],
    ['UTC', '2026-06-05T04:17:09Z', '2026-06-05T04:17:09.000Z'],
  ])('%s', (_what, stamp, time) => {
    const sighting = parseLogLine(`${stamp} mx.example.net kernel: ${OURS}`, NOW);
    expect(new Date(sighting?.timeMs ?? NaN).toISOString()).toBe(time);
  });

  test('IPv6 is told as RFC 5952 has it', () => {
    const packet =
      'IN=eth0 OUT= SRC=2001:0250:0000:0000:0000:0000:0000:0001 DST=2001:0db8:0000:0000:0000:0000:0000:0001 LEN=80 PROTO=TCP';
    const line = `2026-06-05T04:17:09Z mx kernel: sekisho mail asia: ${packet}`;
    expect(parseLogLine(line, NOW)).toMatchObject({
      source: '2001:250::1',
      destination: '2001:db8::1',
    });
  });

  test.each<[why: string, line: string]>([
    ['empty', ''],
    ['of another program', `Jun  5 04:17:09 mx sshd[812]: kernel: ${OURS}`],
    ['of another rule set', `Jun  5 04:17:09 mx kernel: [UFW BLOCK] ${PACKET}`],
    ['ours in a USB name', `Jun  5 04:17:09 mx kernel: usb 1-1: Product: kernel: ${OURS}`],
    ['ours in a host name', `Jun  5 04:17:09 mx kernel: x kernel: ${OURS}`],
    ['no stamp', `kernel: ${OURS}`],
    ['uptime alone', `[12345.678901] ${OURS}`],
    ['cut off', `Jun  5 04:17:09 mx kernel: sekisho mail asia: IN=eth0 OUT= SRC=221.200.2`],
    ['no packet', 'Jun  5 04:17:09 mx kernel: sekisho mail asia: '],
    [
      'no address',
      `Jun  5 04:17:09 mx kernel: sekisho mail asia: IN= SRC=300.1.1.1 DST=192.0.2.1 `,
    ],
    ['a word more', `Jun  5 04:17:09 mx kernel: sekisho mail asia kr: ${PACKET}`],
    ['no such day', `Jun 31 04:17:09 mx kernel: ${OURS}`],
    ['no such month', `Jux  5 04:17:09 mx kernel: ${OURS}`],
    ['no such hour', `Jun  5 24:17:09 mx kernel: ${OURS}`],
    ['no such ISO day', `2026-13-05T04:17:09Z mx kernel: ${OURS}`],
    ['longer than any', `Jun  5 04:17:09 mx kernel: ${OURS}${'x'.repeat(5000)}`],
  ])('%s: not ours', (_why, line) => {
    expect(parseLogLine(line, NOW)).toBeUndefined();
  });

  test('lines of strangers never throw, and are ours only where they begin and end as ours', () => {
    const pieces = [
      'Jun  5 04:17:09 mx kernel: ',
      'sekisho ',
      'mail asia: ',
      'IN=',
      ' SRC=',
      ' DST=',
    ];
    const soup = fc
      .array(fc.oneof(fc.constantFrom(...pieces, '1.2.3.4', ' ', '\0', '::'), fc.string()))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(soup, (line) => {
        const sighting = parseLogLine(line, NOW);
        if (sighting === undefined) return;
        expect(line).toMatch(/^Jun {2}5 04:17:09 mx kernel: sekisho \w+ \w+: ?IN=/);
        expect(line).toContain(` SRC=${line.split(' SRC=')[1] ?? '?'}`);
      }),
      { numRuns: 2000 },
    );
  });

  test('every change of one character gives our line, one with other words, or none', () => {
    const line = `Jun  5 04:17:09 mx kernel: ${OURS}`;
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, c) => {
        const sighting = parseLogLine(line.slice(0, at) + c + line.slice(at + 1), NOW);
        if (sighting === undefined) return;
        expect(sighting.source).toMatch(/^[\d.]+$/);
        expect(sighting.timeMs).toBeLessThanOrEqual(NOW + 86_400_000);
      }),
      { numRuns: 2000 },
    );
  });

  test('a long line of almost ours takes no time', () => {
    const began = performance.now();
    for (const filler of ['[', '[ ', '1', 'x ', 'kernel: ', 'SRC=1.1.1.1 ']) {
      parseLogLine(`Jun  5 04:17:09 mx kernel: ${filler.repeat(4000 / filler.length)}`, NOW);
      parseLogLine(filler.repeat(10_000_000 / filler.length), NOW);
    }
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

const sighting = (time: string, source: string, rule = 'mail', list = 'asia') => ({
  timeMs: Date.parse(time),
  rule,
  list,
  source,
  destination: '192.0.2.1',
});

describe('rows of a log', () => {
  const { config } = parseConfig(
    'firewall: { rules: [{ name: mail, tcp: [25], deny: [asia] }, ' +
      '{ name: away, direction: out, only: [home] }] }',
    undefined,
  );
  const names = namesOfLog(config.firewall?.rules ?? []);

  test('one a day for each rule, list and address', () => {
    const rows = rowsOfLog(
      [
        sighting('2026-06-04T23:59:59.900Z', '1.1.1.1'),
        sighting('2026-06-05T00:00:00Z', '1.1.1.1'),
        sighting('2026-06-05T10:00:00Z', '1.1.1.1'),
        sighting('2026-06-05T11:00:00Z', '2.2.2.2'),
        sighting('2026-06-05T12:00:00Z', '192.0.2.9', 'away', 'outside'),
        sighting('2026-06-05T13:00:00Z', '3.3.3.3', 'gone', 'old'),
      ],
      names,
    );
    expect(rows.map(({ rule, list, address, packets }) => [rule, list, address, packets])).toEqual([
      ['mail', 'asia', '1.1.1.1', 1],
      ['mail', 'asia', '1.1.1.1', 2],
      ['mail', 'asia', '2.2.2.2', 1],
      ['away', 'outside', '192.0.2.1', 1], // whom we wanted to reach
      ['gone', 'old', '3.3.3.3', 1],
    ]);
    expect(rows[1]).toMatchObject({
      first: '2026-06-05T00:00:00.000Z',
      last: '2026-06-05T10:00:00.000Z',
    });
  });

  test('names that a backend shortened are told in full', () => {
    const long = { rule: 'submission_ports', list: 'neighbours_in_the_east' };
    const text = `firewall: { rules: [{ name: ${long.rule}, tcp: [465], deny: [${long.list}] }] }`;
    const rules = parseConfig(text, undefined).config.firewall?.rules ?? [];
    const prefix = logPrefix(long.rule, long.list);
    expect(prefix).toHaveLength(29);
    const line = `2026-06-05T04:17:09Z mx kernel: ${prefix}${PACKET}`;
    const shown = parseLogLine(line, NOW);
    expect(shown?.list).not.toBe(long.list);
    expect(rowsOfLog(shown ? [shown] : [], namesOfLog(rules))).toMatchObject([long]);
  });
});

describe('where a log was read up to', () => {
  const lines = [
    sighting('2026-06-05T10:00:00Z', '1.1.1.1'),
    sighting('2026-06-05T10:00:01Z', '2.2.2.2'),
    sighting('2026-06-05T10:00:01Z', '3.3.3.3'),
    sighting('2026-06-05T10:00:01Z', '4.4.4.4'),
    sighting('2026-06-05T10:00:02Z', '5.5.5.5'),
  ];

  test.each([0, 1, 2, 3, 4, 5])('cut behind line %i: every line is read once', (cut) => {
    const first = newSightings(lines.slice(0, cut), undefined);
    const second = newSightings(lines, first.mark);
    expect([...first.sightings, ...second.sightings]).toEqual(lines);
    expect(newSightings(lines, second.mark)).toEqual({ sightings: [], mark: second.mark });
  });

  test('a file that was rotated begins behind the mark', () => {
    const { mark } = newSightings(lines, undefined);
    const fresh = [sighting('2026-06-05T11:00:00Z', '6.6.6.6')];
    expect(newSightings(fresh, mark).sightings).toEqual(fresh);
    expect(newSightings([], mark)).toEqual({ sightings: [], mark });
  });
});
