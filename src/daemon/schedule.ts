import { createHash } from 'node:crypto';

import { parse } from 'node-cron';

import { type WallTime, jumpOver, momentsOf, wallTimeAt } from './local-time.js';

/** No expression that ever comes true waits longer: 29 February on a certain weekday, 40 years. */
const LONGEST_DAYS = 41 * 366;

/**
 * A cron expression of five fields in a time zone, as crontab(5) reads it: where day and weekday
 * are both restricted, one of them is enough. A time that clocks are put forward over is when they
 * are; one that they show twice is the first of both. Where minute or hour begin with `*`, the
 * expression means a distance rather than a time, and holds by the clock alone.
 */
export class Schedule {
  readonly zone: string;
  readonly #minutes: readonly number[];
  readonly #hours: readonly number[];
  readonly #days: ReadonlySet<number | string>;
  readonly #months: ReadonlySet<number>;
  readonly #weekdays: ReadonlySet<number>;
  readonly #isEveryDay: boolean;
  readonly #isEveryWeekday: boolean;
  readonly #isDistance: boolean;

  /** @param expression was checked by the configuration's schema */
  constructor(expression: string, zone: string) {
    const [minute = '', hour = '', day = '', , weekday = ''] = expression.trim().split(/\s+/);
    const fields = parse(expression);
    this.zone = zone;
    this.#minutes = [...fields.minute].sort((a, b) => a - b);
    this.#hours = [...fields.hour].sort((a, b) => a - b);
    this.#days = new Set(fields.dayOfMonth);
    this.#months = new Set(fields.month);
    this.#weekdays = new Set(fields.dayOfWeek.map((name) => Number(name) % 7));
    this.#isEveryDay = day.startsWith('*');
    this.#isEveryWeekday = weekday.startsWith('*');
    this.#isDistance = minute.startsWith('*') || hour.startsWith('*');
  }

  /** The first moment after this one; undefined where there is none. Milliseconds since 1970. */
  next(afterMs: number): number | undefined {
    const { year, month, day } = wallTimeAt(afterMs, this.zone);
    for (let k = 0; k <= LONGEST_DAYS; k++) {
      const date = new Date(Date.UTC(year, month - 1, day + k));
      if (!this.#matchesDate(date)) continue;
      const found = this.#firstOn(date, afterMs);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #matchesDate(date: Date): boolean {
    if (!this.#months.has(date.getUTCMonth() + 1)) return false;
    const isDay = this.#days.has(date.getUTCDate());
    const isWeekday = this.#weekdays.has(date.getUTCDay());
    if (this.#isEveryDay || this.#isEveryWeekday) return isDay && isWeekday;
    return isDay || isWeekday;
  }

  /** The first moment of a day on the wall that comes after another. */
  #firstOn(date: Date, afterMs: number): number | undefined {
    let first: number | undefined;
    const start = {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
    };
    for (const hour of this.#hours) {
      for (const minute of this.#minutes) {
        for (const moment of this.#momentsAt({ ...start, hour, minute })) {
          if (moment > afterMs && (first === undefined || moment < first)) first = moment;
        }
        // of a distance, what comes later on the wall may come earlier where clocks are put back
        if (first !== undefined && !this.#isDistance) return first;
      }
    }
    return first;
  }

  #momentsAt(wall: WallTime): readonly number[] {
    const moments = momentsOf(wall, this.zone);
    if (this.#isDistance) return moments;
    return [moments[0] ?? jumpOver(wall, this.zone)];
  }
}

/**
 * By how much a host puts off a run, so that not all hosts ask the registries at once: from 0 to
 * the longest, always the same for one host and moment.
 */
export function jitterOf(seed: string, momentMs: number, longestMs: number): number {
  const hash = createHash('sha256').update(`${seed} ${momentMs}`).digest();
  return Math.floor((hash.readUInt32BE(0) / 2 ** 32) * longestMs);
}
