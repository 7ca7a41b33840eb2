import type { LoadedConfig } from '../config/load.js';
import { assertExportRules } from '../exports/rules.js';
import type { List } from '../lists/catalogue.js';
import { needsCountries } from '../lists/in-use.js';
import { assertDefinitions } from '../lists/open-lists.js';
import { exitCodeOf } from '../sources/fetch.js';
import { EXIT, type ExitCode, KnownError, SystemError, messageOf } from '../util/errors.js';
import { expireEntries } from './expire-entries.js';
import { type FetchHow, fetchFeedsAloud, fetchRegistriesAloud } from './fetch-aloud.js';
import { feedFaultLines } from './fetch.js';
import {
  type UpdateRecord,
  type UpdateTrigger,
  findLastUpdate,
  writeLastUpdate,
} from './last-update.js';
import { UPDATE_COMMAND } from './killed-update.js';
import { type DataChoice, openConfiguredLists, openDataOfLists } from './open-data.js';
import { withDownloadLock, withStateLock } from './state-lock.js';
import { UpdateLog } from './update-log.js';
import type { Voice } from './voice.js';
import { writeExports } from './write-exports.js';
import { assertMailMaps, writeMailMaps } from './write-mail-maps.js';

/** Longer than anybody but who waits for a person holds the lock of the state. */
const STATE_WAIT_MS = 120_000;

export interface UpdateWishes extends DataChoice, FetchHow {
  readonly trigger: UpdateTrigger;
  /** Take the next file of these without a look at their last one. */
  readonly accept?: readonly string[];
  /** How long to wait for another run to end; default: not at all. */
  readonly waitMs?: number;
  /** Given the lists before the firewall is told of them. */
  readonly onLists?: (lists: ReadonlyMap<string, List>) => Promise<void>;
}

/**
 * Fetches, comments out what has run out, makes the lists, writes the configured files, applies
 * the firewall, and leaves a record of all that (`readLastUpdate`), also where it fails. A DNSBL
 * that runs watches the files. Downloads come first, and nobody who blocks or confirms waits for
 * them.
 *
 * @returns undefined where another update or fetch is under way, which was said
 * @throws what ended it early: UsageError, SourceError, ParseError, SystemError
 */
export async function update(
  loaded: LoadedConfig,
  wishes: UpdateWishes,
): Promise<ExitCode | undefined> {
  assertDefinitions(loaded);
  assertExportRules(loaded);
  assertMailMaps(loaded);
  const { trigger, from, voice } = wishes;
  const startedMs = Date.now();
  // an apply writes to the state also where the data is from elsewhere
  if (from && loaded.config.firewall === undefined) {
    return build(loaded, wishes, new UpdateLog(startedMs, trigger, undefined));
  }
  let record: UpdateRecord | undefined;
  try {
    return await updateAlone(loaded, wishes, startedMs, (made) => (record = made));
  } finally {
    // the lock is free again: whoever is told may use this program
    if (record !== undefined && loaded.config.notify !== undefined) {
      const { notifyOfUpdate } = await import('./notify/notify.js');
      await notifyOfUpdate(loaded, record, voice);
    }
  }
}

async function updateAlone(
  loaded: LoadedConfig,
  wishes: UpdateWishes,
  startedMs: number,
  onRecord: (record: UpdateRecord) => void,
): Promise<ExitCode | undefined> {
  const { trigger, voice } = wishes;
  const state = loaded.resolvePath(loaded.config.state);
  return withDownloadLock(
    loaded,
    UPDATE_COMMAND,
    voice,
    async () => {
      const log = new UpdateLog(startedMs, trigger, findLastUpdate(state));
      const heard = { ...wishes, voice: log.heard(voice) };
      try {
        const exitCode = await fetchAndBuild(loaded, heard, log);
        const record = log.end(Date.now(), exitCode);
        onRecord(record);
        writeRecord(state, record, voice);
        return exitCode;
      } catch (error) {
        const exitCode = error instanceof KnownError ? error.exitCode : EXIT.failed;
        const record = log.end(Date.now(), exitCode, messageOf(error));
        onRecord(record);
        writeRecord(state, record, voice);
        throw error;
      }
    },
    // a fetch, or the daemon's look at feeds, makes no lists
    { ...wishes, givesWayTo: UPDATE_COMMAND },
  );
}

/** What went wrong in the update itself is never hidden by a record that cannot be written. */
function writeRecord(state: string, record: UpdateRecord, voice: Voice): void {
  try {
    writeLastUpdate(state, record);
  } catch (failure) {
    if (!(failure instanceof KnownError)) throw failure;
    voice.warn(`the record of this update could not be written: ${failure.message}`);
  }
}

async function fetchAndBuild(
  loaded: LoadedConfig,
  wishes: UpdateWishes,
  log: UpdateLog,
): Promise<ExitCode> {
  const fetched = wishes.from ? EXIT.done : await fetchAll(loaded, wishes, log);
  refuseStop(wishes);
  const isEnough = fetched !== EXIT.failed || !needsCountries(loaded.config);
  if (!isEnough) return fetched;
  const { voice, signal } = wishes;
  const built = await withStateLock(
    loaded,
    'sekisho update',
    voice,
    async () => {
      const expiry = expireEntries(loaded, Date.now());
      log.expired = expiry.count;
      for (const fault of expiry.faults) voice.warn(fault);
      const code = await build(loaded, wishes, log);
      return worst(code, expiry.faults.length > 0 ? EXIT.partial : EXIT.done);
    },
    { waitMs: STATE_WAIT_MS, ...(signal && { signal }) },
  );
  if (built === undefined) return EXIT.failed; // who holds the lock was said
  return worst(fetched === EXIT.failed ? EXIT.partial : fetched, built);
}

/** What there is to fetch: nothing of the registries where the countries come from CSV files. */
async function fetchAll(
  loaded: LoadedConfig,
  wishes: UpdateWishes,
  log: UpdateLog,
): Promise<ExitCode> {
  const { accept } = wishes;
  let registries: ExitCode = EXIT.done;
  if (loaded.config.sources.csv.length === 0) {
    const report = await fetchRegistriesAloud(loaded, { ...(accept && { accept }) }, wishes);
    log.addRegistries(report.outcomes);
    registries = exitCodeOf(report);
  }
  const feeds = await fetchFeedsAloud(loaded, { ...(accept && { accept }) }, wishes);
  log.addFeeds(feeds);
  return worst(registries, feedFaultLines(feeds).length > 0 ? EXIT.partial : EXIT.done);
}

/** Makes the lists, writes the files that the configuration asks for, and applies. */
async function build(
  loaded: LoadedConfig,
  wishes: UpdateWishes,
  log: UpdateLog,
): Promise<ExitCode> {
  const { voice, from, onLists } = wishes;
  const data = await openDataOfLists(loaded, wishes, voice);
  // with --from a missing registry is no error: whoever names the files knows what he names
  if (!from && data.missing.length > 0) {
    voice.warn(`no file of ${data.missing.join(', ')} yet: countries are incomplete`);
  }
  const made = await openConfiguredLists(loaded, data, wishes, voice);
  log.addLists(made);
  refuseStop(wishes);
  const exported = writeExports(loaded, made.lists, data);
  const maps = await writeMailMaps(loaded, made.lists);
  const [paths, faults] = [
    [...exported.paths, ...maps.paths],
    [...exported.faults, ...maps.faults],
  ];
  log.exported = paths.length;
  for (const fault of faults) voice.warn(fault);
  await onLists?.(made.lists);
  for (const path of paths) voice.note(`wrote ${path}`);
  for (const text of data.attribution) voice.note(text);
  refuseStop(wishes);
  const { applyUnattended } = await import('./apply-unattended.js');
  const { exitCode, outcome, driftRepaired } = await applyUnattended(loaded, made.lists, voice);
  log.firewall = outcome;
  log.driftRepaired = driftRepaired;
  return made.complete && faults.length === 0 ? exitCode : EXIT.partial;
}

/** Between two steps: what was begun is whole. */
function refuseStop({ signal }: UpdateWishes): void {
  if (signal?.aborted)
    throw new SystemError('the update was told to stop; the next one does the rest');
}

/** The first that is not 0. */
function worst(...codes: readonly ExitCode[]): ExitCode {
  return codes.find((code) => code !== EXIT.done) ?? EXIT.done;
}
