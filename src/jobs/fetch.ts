import type { LoadedConfig } from '../config/load.js';
import { REGISTRY_NAMES, type RegistryName } from '../config/registry-names.js';
import { type FeedOutcome, feedsOf, fetchFeeds } from '../lists/feeds.js';
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
  /** Take the next file of these without a look at their last one. */
  readonly accept?: readonly RegistryName[];
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
    accept: new Set(wishes.accept),
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
  for (const [words, among, where] of [
    [registries, configured, 'the registries of the configuration'],
    [accept, names, 'the registries that are fetched'],
  ] as const) {
    const stranger = words.find((name) => !among.includes(name));
    if (stranger !== undefined) {
      throw new UsageError(`found ${stranger}; expected one of ${where}: ${among.join(', ')}`);
    }
  }
  return REGISTRY_NAMES.filter((name) => names.includes(name));
}

/** Fetches the lists that have a URL; the caller holds the lock of the state folder. */
export async function fetchConfiguredFeeds(
  loaded: LoadedConfig,
  signal?: AbortSignal,
): Promise<FeedOutcome[]> {
  const feeds = feedsOf(loaded.config.lists);
  if (feeds.length === 0) return [];
  const limits = { ...DEFAULT_LIMITS, ...limitsOf(loaded) };
  const dispatcher = makeDispatcher(limits);
  try {
    const client = { dispatcher, limits, userAgent: userAgent(), signal };
    return await fetchFeeds(loaded.resolvePath(loaded.config.state), feeds, client);
  } finally {
    await dispatcher.destroy();
  }
}

/** A line for each feed that failed. */
export function feedFaultLines(outcomes: readonly FeedOutcome[]): string[] {
  return outcomes
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ list, message, available }) => {
      const rest = available ? 'its last good copy stays' : 'there is no older copy';
      return `list ${list}: ${message}; ${rest}`;
    });
}
