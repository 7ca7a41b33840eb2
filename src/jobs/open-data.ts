import type { LoadedConfig } from '../config/load.js';
import type { List } from '../lists/catalogue.js';
import { listsNeedCountries } from '../lists/in-use.js';
import type { CountryData } from '../sources/country-data.js';
import type { OpenOptions } from '../sources/open-files.js';
import type { Voice } from './voice.js';

/** Where countries come from. */
export interface DataChoice {
  /** Statistics or CSV files in place of the state's; then feeds are not read either. */
  readonly from?: readonly string[];
  /** Lists that are asked for: that another one cannot be made is not told. */
  readonly only?: readonly string[];
}

/**
 * Opens the countries: of the files that were named, or else of the configuration's state.
 *
 * @param loaded undefined only where files are named, or for the defaults
 * @param open with `keepStatistics` where single records will be looked up
 * @throws SourceError where there is nothing at all
 */
export async function openData(
  loaded: LoadedConfig | undefined,
  { from }: DataChoice,
  voice: Voice,
  open: OpenOptions = { keepStatistics: false },
): Promise<CountryData> {
  const data = from
    ? await (await import('../sources/open-files.js')).openFiles([...from], open)
    : await openStateOf(loaded, open);
  for (const text of data.notes) voice.note(text);
  return data;
}

/**
 * The same for who makes the configured lists: those that people keep and feeds need no countries.
 *
 * @throws as `openData`
 */
export async function openDataOfLists(
  loaded: LoadedConfig,
  choice: DataChoice,
  voice: Voice,
): Promise<CountryData> {
  const mayLack = !listsNeedCountries(loaded.config);
  return openData(loaded, choice, voice, { keepStatistics: false, mayLack });
}

async function openStateOf(
  loaded: LoadedConfig | undefined,
  open: OpenOptions,
): Promise<CountryData> {
  const { openState } = await import('../sources/open-state.js');
  return openState(loaded ?? (await import('../config/load.js')).loadConfig(), open);
}

/**
 * The same for who goes on without countries where there are none: lists that are made of them are
 * left out then.
 *
 * @throws SourceError where files that were named, or CSV files, cannot be used
 */
export async function openDataIfAny(
  loaded: LoadedConfig | undefined,
  choice: DataChoice,
  voice: Voice,
  open: OpenOptions = { keepStatistics: false },
): Promise<CountryData> {
  return openData(loaded, choice, voice, { ...open, mayLack: true });
}

/** The configured lists, and whether none of them lacks anything. */
export interface ConfiguredLists {
  readonly lists: ReadonlyMap<string, List>;
  /** Lists that cannot be made now: name and why. */
  readonly leftOut: ReadonlyMap<string, string>;
  readonly complete: boolean;
  /** As `OpenLists` has it. */
  readonly nextStaleMs?: number;
}

/** Bad lines that are told one by one; a file that is no list at all has thousands. */
const FAULTS_SHOWN = 20;

/**
 * Makes the configured lists. What is refused or left out is a warning each.
 *
 * @throws as `openLists`
 */
export async function openConfiguredLists(
  loaded: LoadedConfig,
  data: CountryData,
  { from, only }: DataChoice,
  { note, warn }: Voice,
): Promise<ConfiguredLists> {
  const { openLists } = await import('../lists/open-lists.js');
  const { faultText } = await import('../lists/catalogue.js');
  const readState = from === undefined;
  const { lists, notes, leftOut, nextStaleMs } = openLists(loaded, data.table, {
    nowMs: Date.now(),
    readState,
    ...(data.absent !== undefined && { noCountries: data.absent }),
  });
  for (const text of notes) note(text);
  const faults = new Set([...lists.values()].flatMap((list) => list.faults.map(faultText)));
  for (const text of [...faults].slice(0, FAULTS_SHOWN)) warn(`${text}. The line is left out.`);
  if (faults.size > FAULTS_SHOWN) {
    warn(`${faults.size - FAULTS_SHOWN} more lines are left out in the same way`);
  }
  for (const [name, why] of leftOut)
    if (only === undefined || only.includes(name)) warn(`list ${name} is left out: ${why}`);
  const old = readState ? await findOldFeeds(loaded) : [];
  for (const text of old) warn(text);
  const complete = faults.size === 0 && leftOut.size === 0 && old.length === 0;
  return { lists, leftOut, complete, ...(nextStaleMs !== undefined && { nextStaleMs }) };
}

/** What is to be told about copies of feeds that are not what they should be. */
async function findOldFeeds(loaded: LoadedConfig): Promise<string[]> {
  if (Object.values(loaded.config.lists).every(({ url }) => url === undefined)) return [];
  const { feedStates, feedWarnings } = await import('../lists/feeds/times.js');
  return feedWarnings(feedStates(loaded), Date.now());
}
