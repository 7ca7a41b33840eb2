import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { parseConfig } from '../../src/config/load.js';
import type { UpdateRecord } from '../../src/jobs/last-update.js';
import { NOTHING_TOLD, type NotifyMemory, decideNotices } from '../../src/jobs/notify/decide.js';
import type { CommandInput } from '../../src/jobs/notify/letter.js';
import { mailText } from '../../src/jobs/notify/mail.js';
import type { Condition, Situation } from '../../src/jobs/notify/notice.js';
import { notifyOfDrift } from '../../src/jobs/notify/notify.js';
import { situationAfter } from '../../src/jobs/notify/situation.js';
import { temporaryFolder } from '../helpers/cleanup.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.parse('2026-11-20T04:17:00Z');

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

const FAILURE: Condition = {
  kind: 'update',
  message: 'the update failed: no registry could be reached',
  details: [],
  since: timeText(START_MS),
  isMinor: false,
};

/** Decides one run after the other; `told` is what each of them told. */
class Runs {
  memory: NotifyMemory = NOTHING_TOLD;

  at(timeMs: number, conditions: readonly Condition[], more: Partial<Situation> = {}): string[] {
    const situation = { judged: ['update', 'stale'] as const, conditions, happenings: [], ...more };
    const decided = decideNotices(situation, this.memory, timeMs, DAY_MS);
    this.memory = decided.memory;
    return decided.notices.map(({ kind, phase }) => `${kind} ${phase}`);
  }
}

describe('what is told', () => {
  test('a failure once, daily while it lasts, and once when it is mended', () => {
    const runs = new Runs();
    const told = Array.from({ length: 72 }, (_, hour) =>
      runs.at(START_MS + hour * HOUR_MS, [FAILURE]),
    );
    const hours = told.flatMap((kinds, hour) => (kinds.length > 0 ? [hour] : []));
    expect(told[0]).toEqual(['update begins']);
    expect(hours).toEqual([0, 23, 46, 69]);
    expect(runs.at(START_MS + 3 * DAY_MS, [])).toEqual(['update ends']);
    expect(runs.at(START_MS + 4 * DAY_MS, [])).toEqual([]);
  });

  test('a run each day that takes a little longer or shorter does not leave out a day', () => {
    const runs = new Runs();
    const times = [0, DAY_MS - 600_000, 2 * DAY_MS + 600_000, 3 * DAY_MS - 600_000];
    for (const time of times) expect(runs.at(START_MS + time, [FAILURE])).toHaveLength(1);
  });

  test('what is minor is not told, nor that it is over', () => {
    const runs = new Runs();
    expect(runs.at(START_MS, [{ ...FAILURE, isMinor: true }])).toEqual([]);
    expect(runs.at(START_MS + HOUR_MS, [])).toEqual([]);
  });

  test('a clock that jumped back does not silence what lasts', () => {
    const runs = new Runs();
    runs.at(START_MS + 365 * DAY_MS, [FAILURE]);
    expect(runs.at(START_MS, [FAILURE])).toEqual(['update lasts']);
  });

  test('an event once, and another one of the same kind again', () => {
    const runs = new Runs();
    const change = (mark: string): Partial<Situation> => ({
      happenings: [{ kind: 'change', subject: 'asia', mark, message: '', details: [] }],
    });
    expect(runs.at(START_MS, [], change('1 2'))).toEqual(['change happened']);
    expect(runs.at(START_MS + 1, [], change('1 2'))).toEqual([]);
    expect(runs.at(START_MS + 2, [], change('2 1'))).toEqual(['change happened']);
  });

  test('what was not looked at is not over', () => {
    const runs = new Runs();
    runs.at(START_MS, [FAILURE]);
    expect(runs.at(START_MS + 1, [], { judged: [] })).toEqual([]);
    expect(runs.at(START_MS + 2, [], { judged: ['update'] })).toEqual(['update ends']);
  });
});

describe('how things stand', () => {
  const { config } = parseConfig(
    `lists: { asia: { countries: [KR] }, hand: { file: hand.txt } }
dnsbl: { max_age: 7d, zones: [{ name: cc.example.net, kind: country }] }
notify: { command: [x] }
`,
    undefined,
  );
  const RECORD: UpdateRecord = {
    format: 1,
    trigger: 'command',
    startedAt: timeText(START_MS),
    endedAt: timeText(START_MS + 1000),
    exitCode: 0,
    warnings: [],
    registries: [],
    feeds: [],
    lists: [],
    leftOut: {},
    expired: 0,
    exported: 0,
    firewall: 'none',
  };
  const notify = { patience: DAY_MS, change: 0.2 };
  const situation = (
    record: Partial<UpdateRecord>,
    { nowMs = START_MS, dataMs = START_MS } = {},
  ): Situation =>
    situationAfter({ config, notify, record: { ...RECORD, ...record }, dataMs, nowMs });

  test('a failed update, and one that succeeds in part only for long', () => {
    expect(situation({})).toMatchObject({ conditions: [], happenings: [] });
    expect(situation({ exitCode: 1, error: 'the disk is full' }).conditions).toMatchObject([
      { kind: 'update', message: 'the update failed: the disk is full', isMinor: false },
    ]);
    const partial = { exitCode: 3, warnings: ['arin'], failingSince: timeText(START_MS) } as const;
    const since = (ms: number): boolean | undefined =>
      situation(partial, { nowMs: START_MS + ms }).conditions.find(({ kind }) => kind === 'update')
        ?.isMinor;
    expect([since(0), since(DAY_MS - 1), since(DAY_MS)]).toEqual([true, true, false]);
  });

  test('stale data, where there is a DNSBL with a zone that depends on it', () => {
    const nowMs = START_MS + 7 * DAY_MS;
    expect(situation({}, { nowMs: nowMs - 1 }).conditions).toEqual([]);
    expect(situation({}, { nowMs }).conditions).toMatchObject([
      { kind: 'stale', since: timeText(nowMs) },
    ]);
    const byHand = config.dnsbl && {
      ...config.dnsbl,
      zones: config.dnsbl.zones.map((zone) => ({
        ...zone,
        kind: 'list' as const,
        lists: { hand: { code: '127.0.0.2', text: '$cc' } },
      })),
    };
    const other = { config: { ...config, dnsbl: byHand }, notify, record: RECORD };
    expect(situationAfter({ ...other, dataMs: START_MS, nowMs }).conditions).toEqual([]);
  });

  test('a list that changed much, of which no person keeps the file', () => {
    const size = (addresses4: number): object => ({
      ranges4: 1,
      addresses4,
      ranges6: 0,
      addresses6: 0,
    });
    const list = (name: string, before: number, now: number): UpdateRecord['lists'] =>
      [{ list: name, ...size(now), before: size(before) }] as unknown as UpdateRecord['lists'];
    const told = (lists: UpdateRecord['lists']): string[] =>
      situation({ lists }).happenings.map(({ message }) => message);
    expect(told(list('asia', 100, 120))).toEqual([]);
    expect(told(list('asia', 100, 121))).toEqual([
      'list asia changed much: IPv4 100 → 121 addresses (+21.0 %)',
    ]);
    expect(told(list('asia', 100, 0))).toEqual([
      'list asia changed much: IPv4 100 → 0 addresses (-100.0 %)',
    ]);
    expect(told(list('hand', 1, 100))).toEqual([]);
  });

  test('drift that was put right', () => {
    expect(situation({ driftRepaired: ['rules: chain input'] }).happenings).toMatchObject([
      { kind: 'drift', details: ['rules: chain input'] },
    ]);
  });
});

describe('a mail', () => {
  const input = { to: ['root'], from: undefined, host: 'mx\n1', id: '7' };

  test('nothing in it becomes a header of its own', () => {
    const subject = 'failed\r\nBcc: x@example.net\u2028X: y';
    const text = mailText({ subject, text: 'Bcc: a\n\nbody', timeMs: START_MS }, input);
    const [head = '', ...body] = text.split('\n\n');
    const names = head.split('\n').map((line) => line.split(':')[0]);
    expect(names).toEqual([
      'To',
      'Subject',
      'Date',
      'Message-ID',
      'Auto-Submitted',
      'MIME-Version',
      'Content-Type',
      'Content-Transfer-Encoding',
    ]);
    expect(head).toContain('Subject: failed Bcc: x@example.net X: y\n');
    expect(head).toContain('Date: Fri, 20 Nov 2026 04:17:00 +0000\n');
    expect(body.join('\n\n')).toBe('Bcc: a\n\nbody\n');
  });

  test('other letters are encoded in the subject, and long lines are cut', () => {
    const letter = { subject: '関所 '.repeat(20), text: '→'.repeat(2000), timeMs: 0 };
    const lines = mailText(letter, input).split('\n');
    const words = (/^Subject: (.*)$/m.exec(lines.join('\n'))?.[1] ?? '').split(' ');
    expect(words.every((word) => /^=\?utf-8\?B\?[A-Za-z0-9+/=]+\?=$/.test(word))).toBe(true);
    expect(words.every((word) => word.length <= 75)).toBe(true);
    const decoded = words.map((word) => Buffer.from(word.slice(10, -2), 'base64').toString());
    expect(decoded.join('')).toBe('関所 '.repeat(20).trim());
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(998);
    expect(lines.join('')).toContain('→'.repeat(220));
  });

  test.each(['a b@example.net', 'x@example.net\nBcc: y', '-bs', '|/bin/sh', 'a@b, c@d', 'a@-b'])(
    '%j is no address',
    (to) => {
      const text = `notify: { mail: { to: [${JSON.stringify(to)}] } }`;
      expect(() => parseConfig(text, undefined)).toThrow(/expected a mail address/);
    },
  );
});

test('drift between two updates is told once', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'sekisho.yaml');
  const command = "command: [sh, -c, 'cat >> told.text']";
  const told = join(folder, 'told.text');
  const loaded = parseConfig(
    `{ state: ., notify: { ${command.replace('told.text', told)} } }`,
    file,
  );
  const warnings: string[] = [];
  const voice = { note: () => undefined, warn: (text: string) => void warnings.push(text) };
  for (let k = 0; k < 2; k++) {
    await notifyOfDrift(loaded, timeText(START_MS), ['rules: a chain was gone'], voice);
  }
  expect(warnings).toEqual([]);
  const input = JSON.parse(readFileSync(told, 'utf8')) as CommandInput;
  expect(input).toMatchObject({ update: null, notices: [{ kind: 'drift', phase: 'happened' }] });
});
