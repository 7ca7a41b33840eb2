import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { type MilterCounters, countOutcome, newCounters } from '../../src/mta/milter/counters.js';
import { TallyFile, readTallies, tallyPath } from '../../src/mta/milter/tally-file.js';
import type { MilterTally } from '../../src/mta/milter/tally.js';
import { collectNow } from '../../src/reports/collect-now.js';
import { ReportFolder } from '../../src/reports/folder.js';
import { milterSummary } from '../../src/reports/milter-summaries.js';
import { temporaryFolder } from '../helpers/cleanup.js';
import { collectFrom } from '../reports/readings.js';

const NOON = Date.parse('2026-06-02T12:00:00Z');
const CONFIG = { firewall: undefined, report: { keep_days: 30 } };

/** A state in which milters count and reports are collected, at a time of our own. */
class State {
  readonly path: string;
  readonly folder: ReportFolder;
  readonly told: string[] = [];
  nowMs = NOON;

  constructor(path: string) {
    this.path = path;
    this.folder = new ReportFolder(path);
  }

  static async make(): Promise<State> {
    return new State(await temporaryFolder());
  }

  async milter(service: 'run' | 'milter' = 'run'): Promise<Milter> {
    const counters = newCounters();
    const path = tallyPath(this.path, service);
    const report = (_: string, text: string): void => void this.told.push(text);
    const file = await TallyFile.open(
      path,
      () => counters,
      report,
      () => this.nowMs,
    );
    return { counters, file };
  }

  /** As cron, or the daemon, does. */
  async collect(): Promise<void> {
    await collectNow(this.folder, undefined, CONFIG, { nowMs: this.nowMs });
  }

  day(day: string): MilterTally {
    return this.folder.readWholeDay(day).milter;
  }
}

interface Milter {
  readonly counters: MilterCounters;
  readonly file: TallyFile;
}

function refuse({ counters }: Milter, times: number, list = 'blocked'): void {
  counters.sessions += times;
  for (let k = 0; k < times; k++) countOutcome(counters, { check: 'list', list }, 'rejected');
}

const refused = (n: number): MilterTally => ({
  sessions: n,
  'check list rejected': n,
  'list blocked rejected': n,
});

describe('what a milter counts goes into the days of the reports', () => {
  test('once, however often and by whomever it is collected', async () => {
    const state = await State.make();
    const milter = await state.milter();
    refuse(milter, 3);
    milter.file.write();
    await state.collect();
    await state.collect();
    expect(state.day('2026-06-02')).toEqual(refused(3));
    refuse(milter, 2);
    milter.file.write();
    await state.collect();
    expect(state.day('2026-06-02')).toEqual(refused(5));
    milter.file.close();
  });

  test('a restart loses and doubles nothing, collected before, between or after', async () => {
    const state = await State.make();
    for (const times of [4, 2, 1]) {
      const milter = await state.milter();
      refuse(milter, times);
      if (times === 2) {
        milter.file.write();
        await state.collect();
      }
      milter.file.close();
    }
    await state.collect();
    expect(state.day('2026-06-02')).toEqual(refused(7));
  });

  test('two services, and days as UTC has them', async () => {
    const state = await State.make();
    const [run, alone] = [await state.milter('run'), await state.milter('milter')];
    refuse(run, 1);
    run.file.write();
    state.nowMs = Date.parse('2026-06-03T00:00:01Z');
    refuse(run, 2);
    refuse(alone, 10);
    run.file.close();
    alone.file.close();
    await state.collect();
    expect([state.day('2026-06-02'), state.day('2026-06-03')]).toEqual([refused(1), refused(12)]);
  });

  test('beside the packets of the kernel, which stay as they are', async () => {
    const state = await State.make();
    const kernel = { 'mail asia': 5 };
    state.folder.add(collectFrom(undefined, { at: '2026-06-02T11:00:00Z', counters: kernel }));
    const groups = state.folder.readCollection()?.groups;
    const milter = await state.milter();
    refuse(milter, 1);
    milter.file.close();
    await state.collect();
    expect(state.folder.readCollection()?.groups).toEqual(groups);
    expect(state.folder.readWholeDay('2026-06-02')).toMatchObject({
      rows: [{ rule: 'mail', packets: 5 }],
      milter: refused(1),
    });
    // the kernel's next reading adds what is new, and leaves the milter's alone
    const before = state.folder.readCollection();
    state.folder.add({
      ...collectFrom(before, { at: '2026-06-02T13:00:00Z', counters: { 'mail asia': 6 } }),
      ...(before?.milter && { milter: { seen: before.milter.seen, additions: {} } }),
    });
    expect(state.folder.readWholeDay('2026-06-02')).toMatchObject({
      rows: [{ packets: 6 }],
      milter: refused(1),
    });
  });

  test('days that are too old go', async () => {
    const state = await State.make();
    const milter = await state.milter();
    refuse(milter, 1);
    milter.file.write();
    await state.collect();
    state.nowMs += 30 * 86_400_000;
    refuse(milter, 1);
    milter.file.close();
    await state.collect();
    expect(state.folder.days()).toEqual(['2026-07-02']);
  });

  test('a damaged file: counting begins anew, and says so', async () => {
    const state = await State.make();
    const first = await state.milter();
    refuse(first, 3);
    first.file.close();
    await state.collect();
    const path = tallyPath(state.path, 'run');
    writeFileSync(path, readFileSync(path, 'utf8').replace('3', '4'));
    expect(await readTallies(path)).toBe('damaged');
    await state.collect();
    const second = await state.milter();
    expect(state.told).toEqual([`${path} was damaged; counting begins anew`]);
    refuse(second, 1);
    second.file.close();
    await state.collect();
    expect(state.day('2026-06-02')).toEqual(refused(4));
  });

  test('a place where nothing can be written is refused by name', async () => {
    const state = await State.make();
    writeFileSync(join(state.path, 'services'), '');
    await expect(state.milter()).rejects.toThrow(join(state.path, 'services'));
  });
});

test('the summary has each check, and lists that found something', () => {
  const { sessions, checks, lists, notJudged } = milterSummary({
    ...refused(2),
    'list later found': 9,
    'not_judged authenticated': 3,
  });
  expect(sessions).toBe(2);
  expect(notJudged).toMatchObject({ authenticated: 3, local: 0 });
  expect(checks.map(({ check, rejected }) => [check, rejected])).toEqual([
    ['list', 2],
    ['helo_no_dot', 0],
    ['helo_own', 0],
    ['rule', 0],
    ['behind_known', 0],
  ]);
  expect(lists.map(({ list, found, rejected }) => [list, found, rejected])).toEqual([
    ['later', 9, 0],
    ['blocked', 0, 2],
  ]);
});
