import { hostname } from 'node:os';

import type { LoadedConfig } from '../config/load.js';
import type { Config, MtaConfig, ZoneConfig } from '../config/schema.js';
import type { MailAction } from '../config/values.js';
import { ZoneSecrets } from '../config/zone-secrets.js';
import { readPrefixes } from '../ip/prefixes.js';
import { UsageError } from '../util/errors.js';

/** A zone as a mail server asks it, and the return codes that stand for one thing. */
export interface ZoneQuestion {
  /** Zone without the last dot; below a key where it has some. */
  readonly host: string;
  readonly isSecret: boolean;
  /** Return codes, each once, in order. */
  readonly codes: readonly string[];
  /** Lists behind the codes, for comments. */
  readonly lists: readonly string[];
  /** Those of them without a TXT record. */
  readonly silentLists: readonly string[];
  /** Whether its TXT record may go into a reply. */
  readonly tellsReason: boolean;
}

/** What printers of configurations have to know. */
export interface MailSettings {
  readonly hostName: string;
  readonly domains: readonly string[];
  readonly exempt: readonly string[];
  readonly knownHosts: readonly string[];
  readonly nameServer: MtaConfig['name_server'];
  readonly texts: Readonly<Record<MailAction, string>>;
  readonly scores: MtaConfig['scores'];
  /** Listed clients are logged or marked, and let in. */
  readonly isDryRun: boolean;
  /** Zones that refuse, by what they do. */
  readonly refusals: Readonly<Record<MailAction, readonly ZoneQuestion[]>>;
  readonly approvals: readonly ZoneQuestion[];
  /** A map file that is asked instead of zones, where there is one. */
  readonly map: string | undefined;
  /** MMDB file with countries. */
  readonly countryDatabase: string | undefined;
  /** What a reader should know about zones that are not asked, or that hold a secret. */
  readonly remarks: readonly string[];
}

/** What the command line says. */
export interface PrintWishes {
  readonly isDryRun: boolean;
  readonly map?: string;
}

/**
 * What the configuration says about mail, with this host's name where it gives none.
 *
 * @throws UsageError where a return code of a zone means two things, no zone refuses anybody, or a
 *   known host is no prefix
 */
export function mailSettings(loaded: LoadedConfig, wishes: PrintWishes): MailSettings {
  const { config } = loaded;
  const { mta } = config;
  assertKnownHosts(loaded);
  const zones = config.dnsbl?.zones ?? [];
  const refusals: Record<MailAction, ZoneQuestion[]> = { reject: [], tempfail: [] };
  const approvals: ZoneQuestion[] = [];
  for (const [index, zone] of zones.entries()) {
    const meanings = meaningsOf(loaded, zone, index);
    for (const action of ['reject', 'tempfail'] as const) {
      const codes = meanings.filter((one) => one.action === action);
      if (codes.length === 0) continue;
      const question = questionOf(config, zone, codes);
      if (zone.approved) approvals.push(question);
      else refusals[action].push(question);
    }
  }
  if (wishes.map === undefined && refusals.reject.length + refusals.tempfail.length === 0) {
    throw new UsageError(
      `${loaded.file ?? 'the configuration'} has no zone below dnsbl.zones that refuses anybody; ` +
        'expected one of kind list (or rbldnsd, with codes) that is not approved; ' +
        'or give --maps DIR, for map files without zones',
    );
  }
  const { country_database } = mta;
  return {
    hostName: mta.host_name ?? hostname(),
    domains: mta.domains,
    exempt: mta.exempt,
    knownHosts: mta.known_hosts,
    nameServer: mta.name_server,
    texts: mailTexts(config),
    scores: mta.scores,
    isDryRun: wishes.isDryRun,
    refusals,
    approvals,
    map: wishes.map,
    countryDatabase:
      country_database === undefined
        ? exportedDatabase(loaded)
        : loaded.resolvePath(country_database),
    remarks: zones.flatMap((zone) => remarksOn(zone)),
  };
}

/** What clients are told, without names and keys of zones that have keys. */
export function mailTexts(config: Config): Readonly<Record<MailAction, string>> {
  const secrets = new ZoneSecrets(config);
  const { reject, tempfail } = config.mta.texts;
  return { reject: secrets.hiddenIn(reject), tempfail: secrets.hiddenIn(tempfail) };
}

/**
 * Known hosts go into configurations as they are written.
 *
 * @throws UsageError for the first that is no prefix
 */
export function assertKnownHosts({ config, errorAt }: LoadedConfig): void {
  for (const [index, text] of config.mta.known_hosts.entries()) {
    const read = readPrefixes([text]);
    // rspamd and SpamAssassin know no `first-last`
    const fault = text.includes('-') ? 'a prefix such as 192.0.2.0/24' : undefined;
    const expected = 'index' in read ? read.expected : fault;
    if (expected === undefined) continue;
    throw errorAt(['mta', 'known_hosts', index], JSON.stringify(text), expected);
  }
}

/** A return code, what it means, and the list that it is for. */
interface Meaning {
  readonly code: string;
  readonly action: MailAction;
  readonly list?: string;
}

function meaningsOf(loaded: LoadedConfig, zone: ZoneConfig, index: number): readonly Meaning[] {
  const meanings: Meaning[] =
    zone.kind === 'rbldnsd'
      ? Object.entries(zone.codes ?? {}).map(([code, action]) => ({ code, action }))
      : Object.entries(zone.lists).map(([list, { code, action }]) => ({
          ...{ code, list },
          action: action ?? loaded.config.lists[list]?.action ?? 'reject',
        }));
  // whom an approved zone lists passes, whatever would be done with the list elsewhere
  if (zone.approved) return meanings.map((one) => ({ ...one, action: 'reject' }));
  for (const one of meanings) {
    const other = meanings.find(({ code, action }) => code === one.code && action !== one.action);
    if (other === undefined) continue;
    throw loaded.errorAt(
      ['dnsbl', 'zones', index, 'lists', one.list ?? ''],
      `the code ${one.code} for ${one.list ?? ''} (${one.action}) and ${other.list ?? ''} (${other.action})`,
      'a code for each action, by which mail servers tell them apart',
    );
  }
  return meanings;
}

function questionOf(config: Config, zone: ZoneConfig, meanings: readonly Meaning[]): ZoneQuestion {
  const key = zone.keys?.[0];
  const lists = meanings.flatMap(({ list }) => list ?? []);
  return {
    host: key === undefined ? zone.name : `${key}.${zone.name}`,
    isSecret: key !== undefined,
    codes: [...new Set(meanings.map(({ code }) => code))].sort(byOctets),
    lists,
    silentLists: lists.filter((list) => (zone.lists[list]?.text ?? '') === ''),
    tellsReason: config.mta.reasons && !mayNameItself(zone),
  };
}

/** Whether a text of a zone with keys may name the zone, or cannot be looked at. */
function mayNameItself({ kind, name, keys, lists }: ZoneConfig): boolean {
  if (keys === undefined) return false;
  if (kind === 'rbldnsd') return true;
  const texts = Object.values(lists).map(({ text = '' }) => text.toLowerCase());
  return texts.some((text) => [name, ...keys].some((secret) => text.includes(secret)));
}

/** Addresses as numbers: 127.0.0.9 before 127.0.0.10. */
function byOctets(a: string, b: string): number {
  const key = (text: string): string =>
    text
      .split('.')
      .map((octet) => octet.padStart(3, '0'))
      .join('.');
  return key(a) < key(b) ? -1 : 1;
}

function exportedDatabase({ config, resolvePath }: LoadedConfig): string | undefined {
  const rule = config.exports.find(({ format }) => format === 'mmdb');
  return rule === undefined ? undefined : resolvePath(rule.file);
}

function remarksOn({ name, kind, keys, codes }: ZoneConfig): string[] {
  if (kind === 'country' || kind === 'origin') {
    return [`${name} is not asked: a zone of kind ${kind} answers for every address`];
  }
  if (kind === 'rbldnsd' && codes === undefined) {
    return [`${name} is not asked: it has no codes, which say what its return codes mean`];
  }
  if (keys !== undefined) {
    return ['A key of a zone stands in this: keep others from reading it. No reply names it.'];
  }
  return [];
}
