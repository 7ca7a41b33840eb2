import { CLASS, TYPE } from '../wire/codes.js';
import { countLabels } from '../wire/name.js';
import { joinNames, parseName } from '../wire/name.js';
import type {
  AccessLayers,
  AddressLayer,
  Branch,
  Group,
  NameServers,
  NamedRanges,
  Soa,
  ZoneAnswer,
  ZoneSource,
} from '../zone/zone-source.js';
import { FIRST_ACCESS_ANSWER } from '../zone/zone-source.js';
import { type AddressMap, addressMapOf } from './address-map.js';
import { type AnswerTable, AnswerTableBuilder } from './answer-table.js';
import { GrowingBytes, sharedBytes, toShared, toSharedBytes } from './columns.js';
import { mergeAnswers } from './merge-answers.js';
import { type NameTable, nameTableOf } from './name-table.js';
import { overlay } from './overlay.js';
import { type ZoneTable, zoneTableOf } from './zone-table.js';

/**
 * Everything that queries are answered from: plain objects and arrays over shared memory, so that
 * it can be posted to worker threads as it is. Never changed once made.
 */
export interface CompiledZones {
  readonly zones: readonly CompiledZone[];
  readonly table: ZoneTable;
  readonly answers: AnswerTable;
  /** What texts of the answers tell prefixes of. */
  readonly namedRanges: readonly CompiledNamedRanges[];
  /** Clients of every zone, where anything is said about them. */
  readonly access: AccessMaps | undefined;
  /** Type to data of the TXT record of `version.bind`; empty where that is not told. */
  readonly version: Uint8Array;
}

export interface CompiledZone {
  readonly name: Uint8Array;
  readonly state: 'ready' | 'failed' | 'closed';
  /** Type to data of the SOA record, for an answer and for a negative one; empty where there is none. */
  readonly soa: Uint8Array;
  readonly negativeSoa: Uint8Array;
  /** NS records: each u16 length, then type to data. */
  readonly nameServers: Uint8Array;
  readonly tellsNameServers: boolean;
  readonly groups: readonly CompiledGroup[];
  readonly access: AccessMaps | undefined;
  /** Milliseconds since 1970; Infinity where it never expires. */
  readonly expiresAtMs: number;
}

/** Ranges as a list names them; `places` finds the one that holds an address. */
export interface NamedRangesMap {
  readonly places: AddressMap;
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
}

export interface CompiledNamedRanges {
  readonly v4: NamedRangesMap;
  readonly v6: NamedRangesMap;
}

/** The most specific branch first. */
export type CompiledGroup = readonly CompiledBranch[];

export interface CompiledBranch {
  /** Wire form relative to the zone, without the root's zero. */
  readonly below: Uint8Array;
  readonly labels: number;
  readonly v4: AddressMap | undefined;
  readonly v6: AddressMap | undefined;
  readonly names: readonly NameTable[];
}

/** `answers` plus `base` are codes of ACCESS, or FIRST_ACCESS_ANSWER plus an answer's number. */
export interface AccessMaps {
  readonly v4: AddressMap;
  readonly v6: AddressMap;
  /** Added to what is FIRST_ACCESS_ANSWER or above. */
  readonly answersFrom: number;
}

/** Clients of every zone (rbldnsd's global acl, or the configuration's access). */
export interface GlobalAccess {
  readonly layers: AccessLayers;
  readonly answers: readonly ZoneAnswer[];
}

/**
 * Puts zones into the form that is answered from.
 *
 * @throws UsageError where two zones have one name
 */
export function compileZones(
  sources: readonly ZoneSource[],
  globalAccess?: GlobalAccess,
  version?: string,
): CompiledZones {
  const answers = new AnswerTableBuilder();
  const namedRanges: CompiledNamedRanges[] = [];
  const zones = sources.map((source) => {
    const compiled = compileZone(source, answers, namedRanges.length);
    for (const { v4, v6 } of source.namedRanges ?? []) {
      namedRanges.push({ v4: namedRangesMapOf(v4), v6: namedRangesMapOf(v6) });
    }
    return compiled;
  });
  const names: { name: Uint8Array; zone: number }[] = [];
  for (const [zone, { name, keys }] of sources.entries()) {
    if (keys === undefined) {
      names.push({ name, zone });
      continue;
    }
    names.push({ name, zone: zones.push(closedZone(name)) - 1 });
    for (const key of keys) names.push({ name: nameOfKey(key, name), zone });
  }
  const access = globalAccess && compileAccess(globalAccess.layers, globalAccess.answers, answers);
  return {
    zones,
    table: zoneTableOf(names),
    answers: answers.build(),
    namedRanges,
    access,
    version: version === undefined ? sharedBytes(0) : versionRecord(version),
  };
}

function nameOfKey(key: string, zone: Uint8Array): Uint8Array {
  const label = parseName(key);
  const name = label && joinNames(label, zone);
  if (name === undefined) throw new Error('a key is not a label, which the schema should refuse');
  return name;
}

/** What stands at the name of a zone that answers only below its keys. */
function closedZone(name: Uint8Array): CompiledZone {
  return {
    name,
    state: 'closed',
    soa: sharedBytes(0),
    negativeSoa: sharedBytes(0),
    nameServers: sharedBytes(0),
    tellsNameServers: false,
    groups: [],
    access: undefined,
    expiresAtMs: Infinity,
  };
}

function compileZone(
  source: ZoneSource,
  answers: AnswerTableBuilder,
  namedFrom: number,
): CompiledZone {
  const own = [...source.answers];
  const groups = joinPlainGroups(source.groups).map((group) => {
    const branches = group.branches.map((branch) => overlaid(branch, own));
    return branches.sort((a, b) => countLabels(b.below) - countLabels(a.below));
  });
  const [first = 0] = own.map((answer) => answers.add(answer, namedFrom));
  const { soa } = source;
  return {
    name: source.name,
    state: source.failed === undefined ? 'ready' : 'failed',
    soa: soa ? soaRecord(soa, soa.ttlSeconds) : sharedBytes(0),
    negativeSoa: soa
      ? soaRecord(soa, Math.min(soa.ttlSeconds, soa.minimumSeconds))
      : sharedBytes(0),
    nameServers: nameServerRecords(source.nameServers),
    tellsNameServers: source.tellsNameServers ?? false,
    groups: groups.map((branches) => branches.map((branch) => compileBranch(branch, first))),
    access: source.access && accessMapsOf(source.access, first),
    expiresAtMs: source.expiresAtMs ?? Infinity,
  };
}

/** Groups that answer for the whole zone alone become one, so that their ranges are one map. */
function joinPlainGroups(groups: readonly Group[]): readonly Group[] {
  const isPlain = (group: Group): boolean =>
    group.branches.length === 1 && group.branches[0]?.below.length === 1;
  const plain = groups.filter(isPlain).flatMap((group) => group.branches);
  if (plain.length < 2) return groups;
  const joined: Branch = {
    below: Uint8Array.of(0),
    addresses: plain.flatMap((branch) => branch.addresses),
    names: plain.flatMap((branch) => branch.names),
  };
  return [{ branches: [joined] }, ...groups.filter((group) => !isPlain(group))];
}

interface OverlaidBranch {
  readonly below: Uint8Array;
  readonly v4: AddressLayer | undefined;
  readonly v6: AddressLayer | undefined;
  readonly names: Branch['names'];
}

/** @param answers gets the answers of addresses that several layers list */
function overlaid(branch: Branch, answers: ZoneAnswer[]): OverlaidBranch {
  const pairs = new Map<string, number>();
  const both = (a: number, b: number): number => {
    if (a === b) return a;
    const key = `${a} ${b}`;
    const known = pairs.get(key);
    if (known !== undefined) return known;
    const merged = mergeAnswers(answers[a] as ZoneAnswer, answers[b] as ZoneAnswer);
    const number = answers.push(merged) - 1;
    pairs.set(key, number);
    return number;
  };
  const layerOf = (family: 4 | 6): AddressLayer | undefined => {
    const layers = branch.addresses.filter((layer) => layer.family === family);
    const [first, ...rest] = layers;
    return first && rest.reduce((sum, layer) => overlay(sum, layer, both), first);
  };
  return { below: branch.below, v4: layerOf(4), v6: layerOf(6), names: branch.names };
}

function compileBranch(branch: OverlaidBranch, first: number): CompiledBranch {
  return {
    below: branch.below.subarray(0, -1),
    labels: countLabels(branch.below),
    v4: branch.v4 && addressMapOf(branch.v4, first),
    v6: branch.v6 && addressMapOf(branch.v6, first),
    names: branch.names.map((layer) => nameTableOf(layer, first)),
  };
}

function namedRangesMapOf({ firsts, lasts, layer }: NamedRanges): NamedRangesMap {
  return { places: addressMapOf(layer, 0), firsts: toShared(firsts), lasts: toShared(lasts) };
}

function compileAccess(
  layers: AccessLayers,
  own: readonly ZoneAnswer[],
  answers: AnswerTableBuilder,
): AccessMaps {
  const [first = 0] = own.map((answer) => answers.add(answer));
  return accessMapsOf(layers, first);
}

function accessMapsOf(layers: AccessLayers, answersFrom: number): AccessMaps {
  return {
    v4: addressMapOf(layers.v4, 0),
    v6: addressMapOf(layers.v6, 0),
    answersFrom: answersFrom - FIRST_ACCESS_ANSWER,
  };
}

function soaRecord(soa: Soa, ttlSeconds: number): Uint8Array {
  const body = recordHead(TYPE.SOA, ttlSeconds, soa.primary.length + soa.person.length + 20);
  body.append(soa.primary);
  body.append(soa.person);
  for (const value of [
    soa.serial,
    soa.refreshSeconds,
    soa.retrySeconds,
    soa.expireSeconds,
    soa.minimumSeconds,
  ]) {
    body.push32(value);
  }
  return body.toShared();
}

function nameServerRecords(servers: NameServers | undefined): Uint8Array {
  const all = new GrowingBytes();
  for (const name of servers?.names ?? []) {
    const body = recordHead(TYPE.NS, servers?.ttlSeconds ?? 0, name.length);
    body.append(name);
    all.push16(body.length);
    all.append(body.toShared());
  }
  return toSharedBytes(all.toShared());
}

function versionRecord(version: string): Uint8Array {
  const text = Buffer.from(version).subarray(0, 255);
  const body = recordHead(TYPE.TXT, 0, text.length + 1, CLASS.CHAOS);
  body.append(Uint8Array.of(text.length, ...text));
  return body.toShared();
}

/** Type, class, TTL, length of the data. */
function recordHead(
  type: number,
  ttlSeconds: number,
  dataBytes: number,
  klass: number = CLASS.IN,
): GrowingBytes {
  const body = new GrowingBytes();
  body.push16(type);
  body.push16(klass);
  body.push32(ttlSeconds);
  body.push16(dataBytes);
  return body;
}
