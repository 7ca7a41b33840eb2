import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { RegistryName } from '../config/registry-names.js';
import type { Outcome } from '../sources/fetch.js';
import { writeFileAtomically } from '../util/atomic-file.js';
import { type ExitCode, KnownError, SystemError, messageOf } from '../util/errors.js';
import { systemErrorOf } from '../util/system-error.js';

/** Who asked for an update: cron or a person with the command, or the daemon by its schedule. */
export type UpdateTrigger = 'command' | 'daemon';

/** What became of one registry's file. */
export interface RegistryRecord {
  readonly registry: RegistryName;
  readonly outcome: Outcome;
  /** Why; empty where the outcome is no fault. */
  readonly message: string;
  /** As in the header of the stored file, before and after. */
  readonly oldSerial?: string;
  readonly newSerial?: string;
  /** When it was last found up to date; ISO 8601, UTC. Kept from run to run. */
  readonly goodAt?: string;
}

/** The same of a list that is downloaded. */
export interface FeedRecord {
  readonly list: string;
  readonly outcome: string;
  readonly message: string;
  readonly goodAt?: string;
}

/** How much a list holds. */
export interface ListSize {
  readonly ranges4: number;
  readonly addresses4: number;
  readonly ranges6: number;
  /** A 64-bit float: enough to compare, not exact. */
  readonly addresses6: number;
}

export interface ListRecord extends ListSize {
  readonly list: string;
  /** Its size after the update before; undefined where that did not make it. */
  readonly before?: ListSize;
}

/** What an update did about the firewall. */
export type FirewallOutcome = 'none' | 'applied' | 'unchanged' | 'left alone' | 'not reached';

/**
 * How the last update went: the content of `last-update.json` in the state folder. Registries,
 * feeds and lists that it did not come to stand there as the update before left them.
 */
export interface UpdateRecord {
  readonly format: 1;
  readonly trigger: UpdateTrigger;
  /** ISO 8601, UTC; so are all times here. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly exitCode: ExitCode;
  /** What ended it early; undefined where it came to its end. */
  readonly error?: string;
  /** Lines of warnings and faults, the first 100. */
  readonly warnings: readonly string[];
  readonly registries: readonly RegistryRecord[];
  readonly feeds: readonly FeedRecord[];
  readonly lists: readonly ListRecord[];
  /** Lists that could not be made, and why. */
  readonly leftOut: Readonly<Record<string, string>>;
  /** Entries of manual lists that had run out and were commented out. */
  readonly expired: number;
  /** Files that were written for others. */
  readonly exported: number;
  readonly firewall: FirewallOutcome;
  /** Lines that say how the kernel was not as the apply before had left it; put right since. */
  readonly driftRepaired?: readonly string[];
  /** End of the last update with exit code 0, this one included. */
  readonly lastDoneAt?: string;
  /** Start of the first update of those since then, which all failed in part or wholly. */
  readonly failingSince?: string;
}

const FILE = 'last-update.json';

export function lastUpdatePath(state: string): string {
  return join(state, FILE);
}

/**
 * The last update that came to its end, with or without success; undefined where there was none.
 *
 * @param state the state folder
 * @throws SystemError where the file cannot be read or is damaged
 */
export function readLastUpdate(state: string): UpdateRecord | undefined {
  const path = lastUpdatePath(state);
  if (!existsSync(path)) return undefined;
  let record: Partial<UpdateRecord> | null;
  try {
    record = JSON.parse(readFileSync(path, 'utf8')) as Partial<UpdateRecord> | null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw systemErrorOf(error, 'cannot read', path);
    throw new SystemError(
      `${path} cannot be read: ${messageOf(error)}; \`sekisho update\` mends it`,
    );
  }
  if (record?.format === 1 && !Number.isNaN(Date.parse(record.startedAt ?? ''))) {
    return record as UpdateRecord;
  }
  throw new SystemError(
    `${path} cannot be read: found ${JSON.stringify(record).slice(0, 60)}; expected what ` +
      '`sekisho update` writes there, and the next one does',
  );
}

/** The same, where a record that cannot be read counts as none. */
export function findLastUpdate(state: string): UpdateRecord | undefined {
  try {
    return readLastUpdate(state);
  } catch (error) {
    if (error instanceof KnownError) return undefined; // whoever asks for it itself is told
    throw error;
  }
}

/** @throws SystemError where it cannot be written: a full disk, a folder that is read-only */
export function writeLastUpdate(state: string, record: UpdateRecord): void {
  const text = `${JSON.stringify(record, undefined, 2)}\n`;
  writeFileAtomically(lastUpdatePath(state), [text], { fsync: true });
}
