import fs from 'node:fs';

import { reasonOf } from '../../util/system-error.js';
import type { StatisticsSnapshot, ZoneCounts } from '../server/statistics.js';
import type { Report } from '../server/transport.js';

type Counts = readonly number[];

/**
 * The file of rbldnsd's `-s`, for programs that draw curves. A line is the time in seconds since
 * 1970, then for each zone and for all (`*`) `name:queries:answered:nxdomain:bytes in:bytes out`;
 * a time alone says that counting began anew.
 */
export class StatisticsFile {
  readonly #path: string;
  readonly #isRelative: boolean;
  readonly #report: Report;
  /** Counts of the last line, with `isRelative`. */
  #before = new Map<string, Counts>();
  #hasFailed = false;

  /** @param isRelative `+`: a line has what came since the one before */
  constructor(path: string, isRelative: boolean, report: Report) {
    this.#path = path;
    this.#isRelative = isRelative;
    this.#report = report;
  }

  /** Counting begins. */
  begin(nowMs: number): void {
    this.#before.clear();
    this.#append(seconds(nowMs));
  }

  write({ zones, all }: StatisticsSnapshot, nowMs: number): void {
    const words = [...zones, ['*', all] as const].map(([name, counts]) => {
      const now = countsOf(counts);
      const before = this.#before.get(name);
      if (this.#isRelative) this.#before.set(name, now);
      return [name, ...now.map((count, k) => count - (before?.[k] ?? 0))].join(':');
    });
    this.#append([seconds(nowMs), ...words].join(' '));
  }

  /** A file that cannot be written is told of once, and stops nothing. */
  #append(line: string): void {
    try {
      fs.appendFileSync(this.#path, `${line}\n`);
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) {
        this.#report('warning', `cannot write statistics to ${this.#path}: ${reasonOf(error)}`);
      }
      this.#hasFailed = true;
    }
  }
}

function seconds(nowMs: number): string {
  return String(Math.floor(nowMs / 1000));
}

function countsOf({ listed, empty, nxdomain, errors, bytesIn, bytesOut }: ZoneCounts): Counts {
  return [listed + empty + nxdomain + errors, listed + empty, nxdomain, bytesIn, bytesOut];
}
