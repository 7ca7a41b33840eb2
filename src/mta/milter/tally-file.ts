import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';

import * as z from 'zod';

import { makeFolder } from '../../util/atomic-file.js';
import { codeOf, messageOf } from '../../util/errors.js';
import type { Report } from '../../util/report.js';
import { systemErrorOf } from '../../util/system-error.js';
import type { MilterCounters } from './counters.js';
import { type MilterTally, addTallies, isEmptyTally, tallyGrowth, tallyOf } from './tally.js';

/** The services that run a milter. */
export const MILTER_SERVICES = ['run', 'milter'] as const;
export type MilterService = (typeof MILTER_SERVICES)[number];

/** How far the file is behind, at most; also what a milter that is killed loses. */
const WRITE_EVERY_MS = 2000;
/** Collecting may pause for so long without a loss. */
const DAYS_KEPT = 31;
/** A file that is being written is whole a moment later. */
const TRIES = 10;
const TRY_AGAIN_MS = 20;

const count = z.int().min(0);
export const tallySchema = z.record(z.string(), count);
/** By UTC day, such as `2026-11-22`. */
export const tallyDaysSchema = z.record(z.string().regex(/^\d{4}-\d\d-\d\d$/), tallySchema);

const fileSchema = z.object({ format: z.literal(1), id: z.string(), days: tallyDaysSchema });

/** What the milters of a service have counted, day by day, also before a restart. */
export interface KeptTallies {
  /** Another one where counting began anew. */
  readonly id: string;
  /** By UTC day. */
  readonly days: Readonly<Record<string, MilterTally>>;
}

export function tallyPath(state: string, service: MilterService): string {
  return join(state, 'services', `${service}-milter-counts`);
}

/**
 * Reads what a service kept, also while it writes.
 *
 * @returns undefined where there is no such file, `damaged` where it never is whole
 * @throws SystemError where it cannot be read
 */
export async function readTallies(path: string): Promise<KeptTallies | 'damaged' | undefined> {
  for (let tries = 1; ; tries++) {
    let text: string;
    try {
      text = fs.readFileSync(path, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw systemErrorOf(error, 'cannot read', path);
    }
    const kept = parse(text);
    if (kept !== undefined) return kept;
    if (tries === TRIES) return 'damaged';
    await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
  }
}

/** First line: SHA-256 of the second. Behind it may be rests of what was longer. */
function parse(text: string): KeptTallies | undefined {
  const [hash, line] = text.split('\n', 2);
  if (line === undefined || hash !== hashOf(line)) return undefined;
  return fileSchema.safeParse(JSON.parse(line)).data;
}

function hashOf(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}

/**
 * Keeps what a milter counts in a file by days, from which reports are collected. The file is kept
 * open and written in place, since a milter gives up the rights to its folder.
 */
export class TallyFile {
  readonly #path: string;
  readonly #file: number;
  readonly #counters: () => MilterCounters;
  readonly #report: Report;
  readonly #now: () => number;
  readonly #id: string;
  #days: Readonly<Record<string, MilterTally>>;
  #seen: MilterTally = {};
  #isWritten = true;
  #hasFailed = false;
  readonly #timer: NodeJS.Timeout;

  /**
   * Goes on with the file of an earlier milter. One service at a time may have it.
   *
   * @param counters of a milter that has just begun: what they hold is added
   * @throws SystemError where the file cannot be opened or made
   */
  static async open(
    path: string,
    counters: () => MilterCounters,
    report: Report,
    now = Date.now,
  ): Promise<TallyFile> {
    makeFolder(dirname(path));
    const kept = await readTallies(path);
    try {
      const flags = fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW;
      const file = fs.openSync(path, flags, 0o600);
      if (kept === 'damaged') report('warning', `${path} was damaged; counting begins anew`);
      const known = kept === 'damaged' ? undefined : kept;
      return new TallyFile(path, file, known, counters, report, now);
    } catch (error) {
      throw systemErrorOf(error, 'cannot open', path);
    }
  }

  private constructor(
    path: string,
    file: number,
    kept: KeptTallies | undefined,
    counters: () => MilterCounters,
    report: Report,
    now: () => number,
  ) {
    this.#path = path;
    this.#file = file;
    this.#id = kept?.id ?? randomUUID();
    this.#days = kept?.days ?? {};
    this.#counters = counters;
    this.#report = report;
    this.#now = now;
    this.#timer = setInterval(() => {
      this.write();
    }, WRITE_EVERY_MS).unref();
  }

  /** Writes what was counted since the last time. Mail goes on where that fails. */
  write(): void {
    const seen = tallyOf(this.#counters());
    const growth = tallyGrowth(this.#seen, seen);
    this.#seen = seen;
    if (!isEmptyTally(growth)) this.#add(growth);
    if (this.#isWritten) return;
    const line = JSON.stringify({ format: 1, id: this.#id, days: this.#days });
    const bytes = Buffer.from(`${hashOf(line)}\n${line}\n`);
    try {
      fs.writeSync(this.#file, bytes, 0, bytes.length, 0);
      fs.ftruncateSync(this.#file, bytes.length);
      this.#isWritten = true;
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) {
        this.#report(
          'warning',
          `cannot write ${this.#path}: ${messageOf(error)}; reports will lack`,
        );
      }
      this.#hasFailed = true;
    }
  }

  /** Writes for the last time. */
  close(): void {
    clearInterval(this.#timer);
    this.write();
    fs.closeSync(this.#file);
  }

  #add(growth: MilterTally): void {
    const day = new Date(this.#now()).toISOString().slice(0, 10);
    const days = { ...this.#days, [day]: addTallies(this.#days[day] ?? {}, growth) };
    this.#days = Object.fromEntries(
      Object.entries(days)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(-DAYS_KEPT),
    );
    this.#isWritten = false;
  }
}
