import type { LoadedConfig } from '../config/load.js';
import type { RegistryName } from '../config/registry-names.js';
import type { FeedOutcome } from '../lists/feeds/fetch-feeds.js';
import { type FetchProgress, type FetchReport, faultLines } from '../sources/fetch.js';
import {
  type FeedWishes,
  type FetchWishes,
  chosenRegistries,
  feedFaultLines,
  feedNotes,
  fetchConfigured,
  fetchConfiguredFeeds,
} from './fetch.js';
import type { Voice } from './voice.js';

/** Shows downloads while they are under way; what is said comes after its end. */
export interface ShownProgress {
  begin(registries: readonly RegistryName[]): Promise<FetchProgress>;
  end(): void;
}

export interface FetchHow {
  readonly voice: Voice;
  readonly progress?: ShownProgress;
  /** Ends downloads that are under way. */
  readonly signal?: AbortSignal;
}

/**
 * Fetches the registries' files and says how it went: failures as warnings. The caller holds the
 * lock of the state.
 *
 * @throws as `fetchConfigured`
 */
export async function fetchRegistriesAloud(
  loaded: LoadedConfig,
  wishes: FetchWishes,
  { voice, progress, signal }: FetchHow,
): Promise<FetchReport> {
  const shown = await progress?.begin(chosenRegistries(loaded, wishes));
  let report;
  try {
    report = await fetchConfigured(loaded, wishes, shown, signal);
  } finally {
    progress?.end();
  }
  for (const line of faultLines(report)) voice.warn(line);
  for (const line of remarkLines(report)) voice.note(line);
  return report;
}

/** Fetches the lists that have a URL and says what failed. The caller holds the lock of the state. */
export async function fetchFeedsAloud(
  loaded: LoadedConfig,
  wishes: Omit<FeedWishes, 'signal'>,
  { voice, signal }: FetchHow,
): Promise<FeedOutcome[]> {
  const outcomes = await fetchConfiguredFeeds(loaded, { ...wishes, signal });
  for (const line of feedFaultLines(outcomes)) voice.warn(line);
  for (const line of feedNotes(outcomes)) voice.note(line);
  return outcomes;
}

function remarkLines({ outcomes }: FetchReport): string[] {
  return outcomes.flatMap(({ registry, outcome, notes, oldSerial, newSerial }) => {
    const from = oldSerial === undefined ? '' : ` from ${oldSerial}`;
    const remarks = notes.map((text) => `${registry}: ${text}`);
    if (outcome === 'updated') remarks.unshift(`${registry} updated${from} to ${newSerial ?? ''}`);
    if (outcome === 'unchanged') {
      remarks.unshift(`${registry} has nothing newer than ${newSerial ?? ''}`);
    }
    return remarks;
  });
}
