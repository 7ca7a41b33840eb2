import type { LoadedConfig } from '../config/load.js';
import { REGISTRY_NAMES, type RegistryName } from '../config/registry-names.js';
import { feedsOf } from '../lists/feeds/feed.js';
import { type FeedOutcome, fetchFeeds } from '../lists/feeds/fetch-feeds.js';
import { countriesInUse } from '../lists/in-use.js';
import { makeDispatcher } from '../sources/download/dispatcher.js';
import { DEFAULT_LIMITS } from '../sources/download/options.js';
import { type FetchProgress, type FetchReport, fetchRegistries } from '../sources/fetch.js';
import { keepCountries } from '../sources/open-state.js';
import { REGISTRIES } from '../sources/registries.js';
import { UsageError } from '../util/errors.js';
import { limitsOf, userAgent } from './download-client.js';

export interface FetchWishes {
  /** Only these; all that are configured where it is not given or empty. */
  readonly registries?: readonly RegistryName[];
  /** Take the next file of these without a look at their last one: registries, lists with a URL. */
  readonly accept?: readonly string[];
}

/**
 * Fetches the registries' files as the configuration says; the caller holds the lock of the
 * state folder.
 *
 * @throws what `fetchRegistries` throws, and UsageError for registries that are not configured
 */
export async function fetchConfigured(
  loaded: LoadedConfig,
  wishes: FetchWishes,
  progress?: FetchProgress,
  signal?: AbortSignal,
): Promise<FetchReport> {
  const { config, resolvePath } = loaded;
  const names = chosenRegistries(loaded, wishes);
  const report = await fetchRegistries({
    state: resolvePath(config.state),
    registries: REGISTRIES.filter(({ name }) => names.includes(name)).map((registry) => ({
      ...registry,
      urls: config.sources.urls[registry.name] ?? registry.urls,
    })),
    countries: countriesInUse(config.lists),
    fall: config.sources.fall,
    rise: config.sources.rise,
    accept: new Set(names.filter((name) => wishes.accept?.includes(name))),
    limits: limitsOf(loaded),
    userAgent: userAgent(),
    ...(progress && { progress }),
    ...(signal && { signal }),
  });
  await keepCountries(loaded);
  return report;
}

/** The registries that are to be fetched, in the order of the table. */
export function chosenRegistries(
  loaded: LoadedConfig,
  wishes: FetchWishes,
): readonly RegistryName[] {
  const configured = loaded.config.sources.registries;
  const { registries = [], accept = [] } = wishes;
  const names = registries.length > 0 ? registries : configured;
  const feeds = registries.length > 0 ? [] : feedsOf(loaded).map(({ list }) => list);
  const acceptable = [...new Set<string>([...names, ...feeds])];
  for (const [words, among, where] of [
    [registries, configured, 'the registries of the configuration'],
    [accept, acceptable, 'the registries and lists that are fetched'],
  ] as const) {
    const stranger = words.find((name) => !(among as readonly string[]).includes(name));
    if (stranger !== undefined) {
      throw new UsageError(`found ${stranger}; expected one of ${where}: ${among.join(', ')}`);
    }
  }
  return REGISTRY_NAMES.filter((name) => names.includes(name));
}

/** Fetches the lists that have a URL; the caller holds the lock of the state folder. */
export async function fetchConfiguredFeeds(
  loaded: LoadedConfig,
  wishes: FeedWishes = {},
): Promise<FeedOutcome[]> {
  const { lists, accept = [], force = false, signal } = wishes;
  const feeds = feedsOf(loaded).filter(({ list }) => lists?.includes(list) ?? true);
  if (feeds.length === 0) return [];
  const limits = { ...DEFAULT_LIMITS, ...limitsOf(loaded) };
  const dispatcher = makeDispatcher(limits);
  try {
    return await fetchFeeds(feeds, {
      state: loaded.resolvePath(loaded.config.state),
      client: { dispatcher, limits, userAgent: userAgent(), signal },
      accept: new Set(accept),
      force,
      nowMs: Date.now(),
    });
  } finally {
    await dispatcher.destroy();
  }
}

export interface FeedWishes {
  /** Only these; all where it is not given. */
  readonly lists?: readonly string[];
  /** Take the next download of these without a look at the last one. */
  readonly accept?: readonly string[];
  /** Ask also those whose interval has not passed. */
  readonly force?: boolean;
  /** Ends downloads that are under way. */
  readonly signal?: AbortSignal | undefined;
}

/** A line for each feed that failed, and for what was left out of one. */
export function feedFaultLines(outcomes: readonly FeedOutcome[]): string[] {
  return outcomes.flatMap(({ list, outcome, message, available, warnings }) => {
    if (outcome !== 'failed') return warnings;
    const rest = available ? 'its last good copy stays' : 'there is no older copy';
    return [`list ${list}: ${message}; ${rest}`];
  });
}

/** Remarks, a line each. */
export function feedNotes(outcomes: readonly FeedOutcome[]): string[] {
  return outcomes.flatMap(({ list, notes }) => notes.map((text) => `list ${list}: ${text}`));
}
