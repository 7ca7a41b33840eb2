import { gzipSync } from 'node:zlib';

import { describe, expect, test } from 'vitest';

import type { FeedForm } from '../../../src/lists/feeds/feed.js';
import { type FeedLine, isFault } from '../../../src/lists/feeds/feed-line.js';
import { readFeed } from '../../../src/lists/feeds/read-feed.js';
import { FeedRefused } from '../../../src/lists/feeds/refused.js';

const LIMITS = { maxLines: 1000, maxBytes: 2 ** 20 };
const PLAIN: FeedForm = { kind: 'plain' };

function csv(given: Partial<Extract<FeedForm, { kind: 'csv' }>>): FeedForm {
  const common = { column: 1, reason: undefined, delimiter: ',', header: false };
  return { kind: 'csv', ...common, ...given };
}

function json(path: string, reason?: string): FeedForm {
  return { kind: 'json', path, reason };
}

/** `ADDRESS reason`, or `?found` where it cannot be read. */
function shown(lines: readonly FeedLine[]): string[] {
  return lines.map((line) =>
    isFault(line) ? `?${line.found}` : [line.text, line.reason].filter(Boolean).join(' '),
  );
}

async function read(text: string | Uint8Array, form: FeedForm): Promise<string[]> {
  return shown(await readFeed(Buffer.from(text), form, LIMITS));
}

describe('plain lists', () => {
  test('drop.txt of Spamhaus: the number behind the mark is the reason', async () => {
    const text = '; Spamhaus DROP List 2026/06/01\r\n1.10.16.0/20 ; SBL256894\r\n; end\r\n';
    expect(await read(text, PLAIN)).toEqual(['1.10.16.0/20 SBL256894']);
  });

  test('a .netset of FireHOL, with a byte order mark and without a last line end', async () => {
    const text = '\uFEFF#\n# firehol_level1\n#\n0.0.0.0/8\n1.10.16.0/20\n224.0.0.0/3';
    expect(await read(text, PLAIN)).toEqual(['0.0.0.0/8', '1.10.16.0/20', '224.0.0.0/3']);
  });

  test("another host's list by hand keeps reason, author and end", async () => {
    const [line] = await readFeed(
      Buffer.from('192.0.2.7 until=2999-12-31 by=kei ssh knocks # seen twice\n'),
      PLAIN,
      LIMITS,
    );
    const untilMs = Date.UTC(3000, 0, 1);
    expect(line).toMatchObject({ author: 'kei', reason: 'ssh knocks', untilMs });
  });

  test('a line that is too long is refused and the others are read', async () => {
    const text = `${' x'.repeat(10_000)}\n192.0.2.1\n`;
    expect(await read(text, PLAIN)).toEqual([`?${' x'.repeat(30)}`, '192.0.2.1']);
  });
});

describe('CSV', () => {
  test('a column by name, with a reason beside it', async () => {
    const text =
      'first seen, ip ,why\n# comment\n"2026","192.0.2.1","bot, of ""x"""\n\n2026,nope,\n';
    expect(await read(text, csv({ column: 'ip', reason: 'why', header: true }))).toEqual([
      '192.0.2.1 bot, of "x"',
      '?nope',
    ]);
  });

  test('a column by number, another delimiter, rows of several lengths', async () => {
    const text = 'x\t192.0.2.0/25\ty\nx\t2001:db8::/32\nx\n';
    expect(await read(text, csv({ column: 2, delimiter: '\t' }))).toEqual([
      '192.0.2.0/25',
      '2001:db8::/32',
      '?',
    ]);
  });

  test('two columns with the ends of a range, of which one may be empty', async () => {
    const text =
      'start,end,cc\n192.0.2.0,192.0.2.9,KR\n192.0.2.77, ,KR\n2001:db8::, 2001:db8::5 ,\n' +
      '192.0.2.9,192.0.2.1,KR\n192.0.2.8,2001:db8::,\n192.0.2.3,192.0.2.3,\n';
    const form = csv({ column: 'start', last: 'end', reason: 'cc', header: true });
    expect(await read(text, form)).toEqual([
      '192.0.2.0-192.0.2.9 KR',
      '192.0.2.77 KR',
      '2001:db8::-2001:db8::5',
      '?192.0.2.9-192.0.2.1',
      '?192.0.2.8-2001:db8::',
      '192.0.2.3',
    ]);
    expect(await read('x,192.0.2.0,192.0.2.9\n', csv({ column: 2, last: 3 }))).toEqual([
      '192.0.2.0-192.0.2.9',
    ]);
    const missing = csv({ column: 'start', last: 'to', header: true });
    await expect(read(text, missing)).rejects.toThrow('expected one named to');
  });

  test('a column that is not there refuses it', async () => {
    await expect(read('a,b\n1,2\n', csv({ column: 'ip', header: true }))).rejects.toThrow(
      'found the columns "a, b"; expected one named ip',
    );
  });
});

describe('JSON', () => {
  test('drop_v4.json of Spamhaus: an object a line, the last one about the file', async () => {
    const text =
      '{"cidr":"1.10.16.0/20","sblid":"SBL256894","rir":"apnic"}\n' +
      '{"cidr":"1.19.0.0/16","sblid":"SBL434604","rir":"apnic"}\n' +
      '{"type":"metadata","timestamp":1781000000,"records":2}\n';
    expect(await read(text, json('$.cidr', 'sblid'))).toEqual([
      '1.10.16.0/20 SBL256894',
      '1.19.0.0/16 SBL434604',
    ]);
  });

  test('one document, pretty or in one line', async () => {
    const value = { prefixes: [{ ip_prefix: '192.0.2.0/24', region: 7 }, { other: 1 }] };
    for (const text of [JSON.stringify(value), JSON.stringify(value, undefined, 2)]) {
      expect(await read(text, json('$.prefixes[*].ip_prefix', 'region'))).toEqual([
        '192.0.2.0/24 7',
      ]);
    }
    expect(await read('["192.0.2.1", "2001:db8::1"]', json('$[*]'))).toHaveLength(2);
  });

  test('several members, values that are no addresses, lines that are no JSON', async () => {
    const text = '[{"a":"192.0.2.1","b":"192.0.2.2"},{"a":5,"b":null}]';
    expect(await read(text, json("$[*]['a','b']"))).toEqual([
      '192.0.2.1',
      '192.0.2.2',
      '?5',
      '?null',
    ]);
    expect(await read('{"a":"192.0.2.1"}\n{"a":\n', json('$.a'))).toEqual(['192.0.2.1', '?{"a":']);
  });

  test.each([
    ['<html>', /found "<html>"; expected JSON/],
    ['', /expected JSON/],
    ['['.repeat(500_000), /nested deeper than 48 levels/],
    [`${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}`, /nested deeper/],
    [`[${'[],'.repeat(5000)}[]]`, /more than 4000 lists and objects/],
    [`[${'"192.0.2.1",'.repeat(2000)}"192.0.2.1"]`, /more than 1000 values/],
  ])('%.20s… is refused', async (text, expected) => {
    await expect(read(text, json('$..*'))).rejects.toThrow(expected);
  });
});

test('gzip is unpacked whatever it is called, up to the limit', async () => {
  expect(await read(gzipSync('192.0.2.1\n'), PLAIN)).toEqual(['192.0.2.1']);
  await expect(read(gzipSync(Buffer.alloc(2 ** 21)), PLAIN)).rejects.toThrow(/larger than/);
  await expect(read(gzipSync('192.0.2.1\n').subarray(0, 20), PLAIN)).rejects.toThrow(/damaged/);
});

test.each<[string, FeedForm]>([
  ['lines', PLAIN],
  ['rows', csv({})],
  ['values', json('$')],
])('more %s than the limit are refused', async (what, form) => {
  const row = form.kind === 'json' ? '"192.0.2.1"\n' : '192.0.2.1\n';
  expect(await read(row.repeat(1000), form)).toHaveLength(1000);
  await expect(read(row.repeat(1001), form)).rejects.toThrow(`more than 1000 ${what}`);
});

test('a reason from several hundred thousand values is found without a deep stack', async () => {
  const rows = Array.from({ length: 200_000 }, () => ({ ip: '192.0.2.1', r: 'x' }));
  const bytes = Buffer.from(JSON.stringify({ rows }));
  const limits = { maxLines: 200_000, maxBytes: 2 ** 30 };
  expect(await readFeed(bytes, json('$.rows[*].ip', 'r'), limits)).toHaveLength(200_000);
});

test('whatever comes, it is read or refused', async () => {
  const forms = [PLAIN, csv({}), csv({ column: 'a', header: true }), json('$..a', 'b')];
  const pieces = [
    '"',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '\n',
    '\r',
    '#',
    ';',
    '\\',
    '"a"',
    '\u2028',
    ' ',
  ];
  let seed = 7;
  const next = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  let refused = 0;
  for (let round = 0; round < 400; round++) {
    const text = Array.from({ length: next(60) }, () => pieces[next(pieces.length)]).join('');
    const noise = Buffer.from(Array.from({ length: next(80) }, () => next(256)));
    for (const bytes of [
      Buffer.from(text),
      noise,
      Buffer.concat([Buffer.from([0x1f, 0x8b]), noise]),
    ]) {
      for (const form of forms) {
        const lines = await readFeed(bytes, form, LIMITS).catch((error: unknown) => {
          if (error instanceof FeedRefused) return 'refused';
          throw error;
        });
        if (lines === 'refused') refused++;
      }
    }
  }
  expect(refused).toBeGreaterThan(100);
});
