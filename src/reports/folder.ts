import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type * as z from 'zod';

import { makeFolder, writeFileAtomically } from '../util/atomic-file.js';
import { SystemError, messageOf } from '../util/errors.js';
import { systemErrorOf } from '../util/system-error.js';
import { type MilterTally, addTallies, isEmptyTally } from '../mta/milter/tally.js';
import { type DeniedRow, mergeRows } from './rows.js';
import { type Collection, type DayFile, collectionFile, dayFile } from './stored.js';

const COLLECTION_FILE = 'collection.json';
const DAY_FILE = /^(\d{4}-\d\d-\d\d)\.json$/;

/**
 * The files below `<state>/reports`: one for each UTC day, and the last collection. Writers hold
 * the lock of the state.
 */
export class ReportFolder {
  readonly state: string;
  readonly path: string;

  constructor(state: string) {
    this.state = state;
    this.path = join(state, 'reports');
  }

  /** The last collection; undefined before the first. @throws SystemError where it is damaged */
  readCollection(): Collection | undefined {
    return this.#read(COLLECTION_FILE, collectionFile);
  }

  /**
   * Writes a collection down and adds what it found to the days. Where a run is killed in
   * between, `settle` of the next one adds the rest: nothing is lost or counted twice.
   */
  add(collection: Collection): void {
    makeFolder(this.path);
    this.#write(COLLECTION_FILE, [JSON.stringify(collection), '\n']);
    this.settle(collection);
  }

  /** Adds to the days what they lack of a collection. */
  settle({ id, additions, milter }: Collection): void {
    const tallies = milter?.additions ?? {};
    for (const day of new Set([...Object.keys(additions), ...Object.keys(tallies)])) {
      const file = this.#read(`${day}.json`, dayFile);
      if (file?.collection === id) continue;
      const tally = addTallies(file?.milter ?? {}, tallies[day] ?? {});
      this.#writeDay({
        format: 1,
        day,
        collection: id,
        ...(!isEmptyTally(tally) && { milter: tally }),
        rows: mergeRows(file?.rows ?? [], additions[day] ?? []),
      });
    }
  }

  /** Counting begins anew: what the kernel holds next was not told before. */
  forgetCounts(): void {
    const last = this.readCollection();
    if (last === undefined) return;
    this.#write(COLLECTION_FILE, [JSON.stringify({ ...last, groups: [] }), '\n']);
  }

  /** Days that are there, the oldest first. */
  days(): string[] {
    if (!existsSync(this.path)) return [];
    const names = attempt(this.path, () => readdirSync(this.path));
    return names.flatMap((name) => DAY_FILE.exec(name)?.[1] ?? []).sort();
  }

  /** Rows of one day. @throws SystemError where its file is damaged */
  readDay(day: string): readonly DeniedRow[] {
    return this.readWholeDay(day).rows;
  }

  /** The same, and what the milter counted. */
  readWholeDay(day: string): { readonly rows: readonly DeniedRow[]; readonly milter: MilterTally } {
    const { rows = [], milter = {} } = this.#read(`${day}.json`, dayFile) ?? {};
    return { rows, milter };
  }

  /** The rows of some addresses: a day that speaks of none of them is not parsed. */
  readRowsOf(day: string, addresses: ReadonlySet<string>): readonly DeniedRow[] {
    const name = `${day}.json`;
    const text = this.#readText(name) ?? '';
    if (![...addresses].some((address) => text.includes(JSON.stringify(address)))) return [];
    return this.#parse(name, text, dayFile).rows.filter(
      ({ address }) => address !== null && addresses.has(address),
    );
  }

  /** Removes the files of days before this one. */
  prune(firstDay: string): void {
    for (const day of this.days()) {
      if (day < firstDay) rmSync(join(this.path, `${day}.json`), { force: true });
    }
  }

  /** A row a line, for people with grep. */
  #writeDay({ rows, ...head }: DayFile): void {
    const start = JSON.stringify(head).slice(0, -1);
    const lines = rows.map((row) => JSON.stringify(row)).join(',\n');
    this.#write(`${head.day}.json`, [start, ',"rows":[\n', lines, '\n]}\n']);
  }

  #write(name: string, pieces: readonly string[]): void {
    writeFileAtomically(join(this.path, name), pieces, { fsync: true });
  }

  #read<T>(name: string, schema: z.ZodType<T>): T | undefined {
    const text = this.#readText(name);
    return text === undefined ? undefined : this.#parse(name, text, schema);
  }

  #readText(name: string): string | undefined {
    const path = join(this.path, name);
    if (!existsSync(path)) return undefined;
    return attempt(path, () => readFileSync(path, 'utf8'));
  }

  #parse<T>(name: string, text: string, schema: z.ZodType<T>): T {
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      throw new SystemError(
        `${join(this.path, name)} is damaged (${firstLine(messageOf(error))}); remove it: what it tells is lost`,
      );
    }
  }
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw systemErrorOf(error, 'cannot read', path);
  }
}

function firstLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 120);
}
