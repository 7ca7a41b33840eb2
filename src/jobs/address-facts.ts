import type { LoadedConfig } from '../config/load.js';
import type { ZoneOpinion } from '../dnsbl/ask-zones.js';
import { type Address, formatAddress } from '../ip/address.js';
import { hasAddress, addressSetOf } from '../ip/address-set.js';
import { parseRange } from '../ip/notation.js';
import type { List } from '../lists/catalogue.js';
import { type Holding, entriesNaming, holdingsOf } from '../lists/holdings.js';
import type { Denial } from '../policy/standing.js';
import type { DeniedRow } from '../reports/rows.js';
import {
  type CountryData,
  type Delegation,
  findCountryOf,
  findRecord,
} from '../sources/country-data.js';
import { KnownError } from '../util/errors.js';

/** A line of a list's file or feed; times as ISO 8601, UTC. */
export interface EntryFact {
  readonly list: string;
  /** Absolute path, or URL. */
  readonly source: string;
  readonly line: number;
  readonly text: string;
  readonly inForce: boolean;
  readonly reason: string | null;
  readonly author: string | null;
  readonly since: string | null;
  readonly until: string | null;
}

export interface FirewallFact {
  /** The entry of `firewall.admins` that holds the address. */
  readonly admin: string | null;
  /** Lists of `firewall.allow` that hold it. With one, or with `admin`, no rule denies it. */
  readonly allow: readonly string[];
  /** Rules that deny it, or would. */
  readonly denials: readonly Denial[];
}

/** What was denied of the address by a rule and list, on all days that are kept. */
export type HitFact = Omit<DeniedRow, 'address'>;

/** All that decides over an address. A part that is not configured is null. */
export interface AddressFacts {
  readonly address: string;
  /** Country, or null where none holds the address. */
  readonly cc: string | null;
  /** The record that gave it to the country, or null (not delegated, or the data is no statistics file). */
  readonly delegation: Delegation | null;
  /** Names of the configured lists that hold the address. */
  readonly lists: readonly string[];
  /** Why each of them does, and lists that would but for `and` and `except`. */
  readonly holdings: readonly Holding[];
  /** Every line that names the address, those that have run out too. */
  readonly entries: readonly EntryFact[];
  readonly firewall: FirewallFact | null;
  readonly dns: readonly ZoneOpinion[] | null;
  /** The latest first; as of the last collection. */
  readonly hits: readonly HitFact[] | null;
}

/** The facts, with what only a text for people needs. */
export interface FoundFacts {
  readonly facts: AddressFacts;
  /** The record that covers the address, whatever its status. */
  readonly record: Delegation | undefined;
}

export interface FactsInput {
  /** Undefined: no configuration, so that there is the country alone. */
  readonly loaded: LoadedConfig | undefined;
  /** Opened with `keepStatistics`. */
  readonly data: CountryData;
  readonly lists: ReadonlyMap<string, List>;
  /** Statistics files in place of the state. */
  readonly from?: readonly string[];
  readonly nowMs: number;
  /** Leaves out DNS answers and hits, which take reading more files. */
  readonly isBrief: boolean;
  /** Told of parts that could not be looked at; these are null then. */
  readonly warn: (text: string) => void;
}

/** Gathers what is known about each address. */
export async function findFacts(
  addresses: readonly Address[],
  input: FactsInput,
): Promise<FoundFacts[]> {
  const { loaded, data, lists, nowMs } = input;
  const texts = addresses.map(formatAddress);
  const dns = await attempt(input, 'DNS answers', () => opinionsOf(addresses, input));
  const hits = await attempt(input, 'last hits', () => hitsIn(texts, loaded));
  const firewall = await standingsIfKnown(addresses, input);
  return addresses.map((address, k) => {
    const record = findRecord(data, address);
    const delegated = record?.status === 'allocated' || record?.status === 'assigned';
    const facts: AddressFacts = {
      address: texts[k] as string,
      // the record's own, so that the two agree where records of two countries overlap
      cc: (delegated && record.cc) || (findCountryOf(data.table, address) ?? null),
      delegation: delegated ? record : null,
      lists: [...lists.values()]
        .filter((list) => hasAddress(list.addresses, address))
        .map(({ name }) => name),
      holdings: loaded ? holdingsOf(address, loaded.config.lists, lists, data.table, nowMs) : [],
      entries: loaded ? entryFacts(address, loaded, lists, nowMs) : [],
      firewall: firewall?.[k] ?? null,
      dns: dns?.[k] ?? null,
      hits: hits?.[k] ?? null,
    };
    return { facts, record };
  });
}

async function attempt<T>(
  { isBrief, warn }: FactsInput,
  what: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  if (isBrief) return undefined;
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    warn(`${what} are left out: ${error.message}`);
    return undefined;
  }
}

function entryFacts(
  address: Address,
  { config, resolvePath }: LoadedConfig,
  lists: ReadonlyMap<string, List>,
  nowMs: number,
): EntryFact[] {
  const time = (timeMs: number | undefined): string | null =>
    timeMs === undefined ? null : new Date(timeMs).toISOString();
  return entriesNaming(address, lists, nowMs).map(({ list, entry, inForce }) => {
    const { file, url = '' } = config.lists[list] ?? {};
    return {
      list,
      source: file === undefined ? url : resolvePath(file),
      line: entry.line,
      text: entry.text,
      inForce,
      reason: entry.reason ?? null,
      author: entry.author ?? null,
      since: time(entry.sinceMs),
      until: time(entry.untilMs),
    };
  });
}

/** Rules name lists that are made of countries, of which nothing may be known. */
async function standingsIfKnown(
  addresses: readonly Address[],
  input: FactsInput,
): Promise<FirewallFact[] | undefined> {
  const standings = standingsOf(addresses, input);
  if (input.data.absent === undefined) return standings;
  return attempt({ ...input, isBrief: false }, 'rules of the firewall', () => standings);
}

async function standingsOf(
  addresses: readonly Address[],
  { loaded, lists }: FactsInput,
): Promise<FirewallFact[] | undefined> {
  if (loaded?.config.firewall === undefined) return undefined;
  const { planOf } = await import('../firewall/open-plan.js');
  const { standingOf } = await import('../policy/standing.js');
  const plan = planOf(loaded, lists);
  const admins = loaded.config.firewall.admins.flatMap((text) => {
    const range = parseRange(text);
    return 'expected' in range ? [] : [{ text, set: addressSetOf([range]) }];
  });
  return addresses.map((address) => {
    const { allow, denials } = standingOf(plan, address);
    const admin = admins.find(({ set }) => hasAddress(set, address))?.text ?? null;
    return { admin, allow, denials };
  });
}

async function opinionsOf(
  addresses: readonly Address[],
  { loaded, data, from, nowMs }: FactsInput,
): Promise<ZoneOpinion[][] | undefined> {
  if (loaded?.config.dnsbl === undefined) return undefined;
  const { makeZones } = await import('../dnsbl/lists/load-zones.js');
  const { askZones } = await import('../dnsbl/ask-zones.js');
  const zones = await makeZones(loaded, from ? { from } : {}, nowMs, data);
  return askZones(zones, loaded.config.dnsbl.zones, addresses, nowMs);
}

async function hitsIn(
  texts: readonly string[],
  loaded: LoadedConfig | undefined,
): Promise<HitFact[][] | undefined> {
  if (loaded?.config.firewall === undefined) return undefined;
  const { ReportFolder } = await import('../reports/folder.js');
  const { hitsOf } = await import('../reports/address-hits.js');
  const folder = new ReportFolder(loaded.resolvePath(loaded.config.state));
  const hits = hitsOf(folder, texts);
  return texts.map((text) =>
    (hits.get(text) ?? []).map(({ rule, list, packets, first, last }) => ({
      rule,
      list,
      packets,
      first,
      last,
    })),
  );
}
