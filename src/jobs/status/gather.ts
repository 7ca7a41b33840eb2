import type { LoadedConfig } from '../../config/load.js';
import { type FeedState, feedStates } from '../../lists/feeds/times.js';
import type { List } from '../../lists/catalogue.js';
import { needsCountries, zonesNeedCountries } from '../../lists/in-use.js';
import type { CountryData } from '../../sources/country-data.js';
import { storedAges } from '../../sources/stored-ages.js';
import { KnownError, UsageError } from '../../util/errors.js';
import { findKilled } from '../killed-update.js';
import { readLastUpdate } from '../last-update.js';
import { type DataChoice, openConfiguredLists, openDataOfLists } from '../open-data.js';
import { lookAtServices } from '../service-snapshot.js';
import type { Voice } from '../voice.js';
import type { FirewallFacts, ListFacts, StatusFacts, Unread } from './facts.js';
import { probeState } from './probe-state.js';

export interface GatherOptions extends DataChoice {
  readonly voice: Voice;
  readonly nowMs?: number;
  /** The first moment of the configured schedule after another. */
  readonly nextScheduled?: (afterMs: number) => number | undefined;
}

/**
 * Looks at everything there is to see. Changes nothing, but for a roll-back whose time has come.
 * What cannot be read stands in `unread`.
 *
 * @throws UsageError where the configuration is wrong
 */
export async function gatherStatus(
  loaded: LoadedConfig,
  { voice, from, nowMs = Date.now(), nextScheduled }: GatherOptions,
): Promise<StatusFacts> {
  const { config, resolvePath } = loaded;
  const state = resolvePath(config.state);
  const look = new Look();
  const services = lookAtServices(state);
  const choice = from ? { from } : {};
  const data = await look.at('data', () => openDataOfLists(loaded, choice, voice));
  if (data?.absent !== undefined && needsCountries(config)) {
    look.unread.push({ what: 'data', message: data.absent });
  }
  const listFaults: string[] = [];
  const heard: Voice = { note: voice.note, warn: (text) => listFaults.push(text) };
  const made =
    data && (await look.at('lists', () => openConfiguredLists(loaded, data, choice, heard)));
  const firewall =
    config.firewall && (await look.at('firewall', () => lookAtKernel(loaded, made?.lists, voice)));
  const { snapshots, faults } = await services;
  const record = await look.at('last update', () => readLastUpdate(state));
  return {
    nowMs,
    hasFirewall: config.firewall !== undefined,
    dnsbl:
      config.dnsbl && zonesNeedCountries(config)
        ? { maxAgeMs: config.dnsbl.max_age, isServedStale: config.dnsbl.stale === 'serve' }
        : undefined,
    ...(await ageFacts(loaded, from, data, look)),
    record,
    killedSince: await look.at('last update', () => findKilled(state, record)),
    lists: made ? sizesOf(made.lists) : [],
    listFaults,
    firewall,
    services: snapshots,
    serviceFaults: faults,
    state: probeState(state),
    unread: look.unread,
    isRoot: process.geteuid?.() === 0,
    scheduledMs: nextScheduled?.(nowMs),
    overdueMs: record && secondOf(nextScheduled, Date.parse(record.startedAt)),
  };
}

function secondOf(next: GatherOptions['nextScheduled'], afterMs: number): number | undefined {
  const first = next?.(afterMs);
  return first === undefined ? undefined : next?.(first);
}

/** Collects what could not be read. */
class Look {
  readonly unread: Unread[] = [];

  async at<T>(what: Unread['what'], read: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof KnownError) || error instanceof UsageError) throw error;
      this.unread.push({ what, message: error.message });
      return undefined;
    }
  }
}

/** Of files that were named instead of the state, only their own word counts. */
async function ageFacts(
  loaded: LoadedConfig,
  from: DataChoice['from'],
  data: CountryData | undefined,
  look: Look,
): Promise<Pick<StatusFacts, 'ages' | 'dataMs' | 'feeds'>> {
  const { config, resolvePath } = loaded;
  const isOwn = from === undefined && config.sources.csv.length === 0;
  const ages = isOwn
    ? await look.at('data', () => storedAges(resolvePath(config.state), config.sources.registries))
    : [];
  const feeds: FeedState[] =
    from === undefined ? ((await look.at('lists', () => feedStates(loaded))) ?? []) : [];
  return { ages: ages ?? [], dataMs: data?.timeMs, feeds };
}

async function lookAtKernel(
  loaded: LoadedConfig,
  lists: ReadonlyMap<string, List> | undefined,
  voice: Voice,
): Promise<FirewallFacts> {
  const { lookAtFirewall } = await import('../firewall-session.js');
  const { planOf } = await import('../../firewall/open-plan.js');
  const { backend, reason, folder } = await lookAtFirewall(loaded, 'sekisho status', voice);
  const difference = lists && (await backend.compare(planOf(loaded, lists)));
  const denied = await backend.countDenied();
  const { pending, heldSince, current } = folder.read();
  return {
    backend: backend.name,
    reason,
    appliedAt: current?.appliedAt,
    difference,
    denied,
    deadlineMs: pending?.deadlineMs,
    heldSince,
  };
}

function sizesOf(lists: ReadonlyMap<string, List>): ListFacts[] {
  return [...lists].map(
    ([
      list,
      {
        addresses: { v4, v6 },
      },
    ]) => ({
      list,
      ranges4: v4.length,
      ranges6: v6.length,
    }),
  );
}
