import { get16 } from '../wire/bytes.js';
import { forEachZoneBlock } from '../../ip/expansion.js';
import type { Family } from '../../ip/family.js';
import { RangeSet } from '../../ip/range-set.js';
import type { AddressMap } from '../index/address-map.js';
import {
  type AnswerTable,
  FILL,
  LONGEST_FILLED_TEXT,
  RECORD_HEAD_BYTES,
} from '../index/answer-table.js';
import type { CompiledBranch, CompiledZone, CompiledZones } from '../index/compile.js';
import { hashBackwards } from '../index/hash.js';
import { NOTHING, type NameTable, findName } from '../index/name-table.js';
import { EXCLUDED } from '../zone/zone-source.js';

/** A record of a zone: its owner relative to the zone, in wire form without the root's zero. */
export interface TransferRecord {
  readonly owner: Uint8Array;
  /** Type, class, TTL, length of the data, data. */
  readonly body: Uint8Array;
}

const APEX = new Uint8Array(0);
const WILDCARD = Uint8Array.of(1, 0x2a);

/**
 * All records of a zone as a secondary server holds them, the SOA first and last (RFC 5936 2.2).
 * Ranges become names and wildcards of blocks that do not meet (RFC 4592: a wildcard does not
 * apply below a name that exists).
 *
 * What a secondary cannot do is left plain: `$` and `$prefix` stay in a text as they are, and
 * IPv4-mapped and 6to4 addresses, which we look up as IPv4 ones, have no names (but the test
 * entries' have). A zone with access rules of its own gives what everybody may see.
 */
export function* zoneRecords(zones: CompiledZones, zone: CompiledZone): Generator<TransferRecord> {
  yield { owner: APEX, body: zone.soa };
  for (let i = 0; i < zone.nameServers.length;) {
    const length = get16(zone.nameServers, i);
    yield { owner: APEX, body: zone.nameServers.subarray(i + 2, i + 2 + length) };
    i += 2 + length;
  }
  for (const branches of zone.groups) {
    for (const branch of branches) yield* branchRecords(zones.answers, branch);
  }
  yield { owner: APEX, body: zone.soa };
}

function* branchRecords(table: AnswerTable, branch: CompiledBranch): Generator<TransferRecord> {
  for (const family of [4, 6] as const) {
    const map = family === 4 ? branch.v4 : branch.v6;
    if (map) yield* addressRecords(table, map, family, branch.below);
  }
  yield* nameRecords(table, branch.names, branch.below);
}

function* addressRecords(
  table: AnswerTable,
  map: AddressMap,
  family: Family,
  below: Uint8Array,
): Generator<TransferRecord> {
  const n = family === 4 ? 1 : 4;
  for (let k = 0; k < map.answers.length; k++) {
    const bodies = recordsOf(table, (map.answers[k] as number) + map.base);
    const whole = new RangeSet(
      family,
      map.firsts.subarray(k * n, (k + 1) * n),
      map.lasts.subarray(k * n, (k + 1) * n),
    );
    for (const range of family === 4 ? byFirstOctet(whole) : [whole]) {
      const owners: Uint8Array[] = [];
      forEachZoneBlock(range, (parts) => {
        owners.push(ownerOf(parts, family, below));
      });
      if (family === 4 && isTestRange(range)) owners.push(mappedOwner(range, below));
      for (const owner of owners) for (const body of bodies) yield { owner, body };
    }
  }
}

/** A range in pieces of which none has more than some ten thousand names. */
function* byFirstOctet({ firsts, lasts }: RangeSet): Generator<RangeSet> {
  const first = firsts[0] as number;
  const last = lasts[0] as number;
  for (let octet = first >>> 24; octet <= last >>> 24; octet++) {
    const from = Math.max(first, octet * 0x100_0000);
    const to = Math.min(last, octet * 0x100_0000 + 0xff_ffff);
    yield new RangeSet(4, Uint32Array.of(from), Uint32Array.of(to));
  }
}

/**
 * A wildcard says nothing about names that exist nor about what is below them (RFC 4592), so both
 * are named with what the wildcard answers.
 */
function* nameRecords(
  table: AnswerTable,
  layers: readonly NameTable[],
  below: Uint8Array,
): Generator<TransferRecord> {
  for (const name of namesOf(layers)) {
    const owner = Buffer.concat([name, below]);
    const wildcard = Buffer.concat([WILDCARD, name, below]);
    const here: number[] = [];
    const under: number[] = [];
    let isCovered = false;
    for (const layer of layers) {
      const entry = entryOf(layer, name, 0);
      const above = wildcardAbove(layer, name);
      here.push(saidBy(layer.exact, entry, above));
      under.push(saidBy(layer.below, entry, above));
      isCovered ||= isListed(above);
    }
    const exact = here.filter(isListed);
    if (exact.length === 0 && isCovered) yield { owner, body: NOT_LISTED };
    for (const body of recordsOfAll(table, exact)) yield { owner, body };
    for (const body of recordsOfAll(table, under.filter(isListed))) yield { owner: wildcard, body };
  }
}

/** Each name of the layers, and each above one, once. Those above a listed name are in its layer. */
function* namesOf(layers: readonly NameTable[]): Generator<Uint8Array> {
  const others = new Set<string>();
  for (const [k, { bytes, offsets, exact, exists }] of layers.entries()) {
    for (let entry = 0; entry < exact.length; entry++) {
      const name = bytes.subarray(offsets[entry], offsets[entry + 1]);
      if (layers.slice(0, k).every((layer) => entryOf(layer, name, 0) < 0)) yield name;
      if (exists[entry] === 1) continue;
      for (let from = 0; from < name.length;) {
        from += 1 + (name[from] as number);
        const above = name.subarray(from);
        const text = Buffer.from(above).toString('latin1');
        if (others.has(text) || layers.some((layer) => entryOf(layer, above, 0) >= 0)) continue;
        others.add(text);
        yield above;
      }
    }
  }
}

function entryOf(layer: NameTable, name: Uint8Array, from: number): number {
  return findName(layer, hashBackwards(name, from, name.length), name, from, name.length);
}

/** What the nearest wildcard above a name says. */
function wildcardAbove(layer: NameTable, name: Uint8Array): number {
  for (let from = 0; from < name.length;) {
    from += 1 + (name[from] as number);
    const entry = entryOf(layer, name, from);
    const answer = entry < 0 ? NOTHING : (layer.below[entry] as number);
    if (answer !== NOTHING) return answer;
  }
  return NOTHING;
}

function saidBy(column: Uint32Array, entry: number, above: number): number {
  const own = entry < 0 ? NOTHING : (column[entry] as number);
  return own === NOTHING ? above : own;
}

function isListed(answer: number): boolean {
  return answer !== NOTHING && answer !== EXCLUDED;
}

/** HINFO "" "": a name that exists without an A record ends the wildcard above it. */
const NOT_LISTED = Uint8Array.of(0, 13, 0, 1, 0, 0, 0, 60, 0, 2, 0, 0);

function recordsOfAll(table: AnswerTable, answers: readonly number[]): Uint8Array[] {
  const bodies: Buffer[] = [];
  for (const body of answers.flatMap((answer) => recordsOf(table, answer))) {
    if (!bodies.some((other) => other.equals(body))) bodies.push(body);
  }
  return bodies;
}

/** Type to data of each record of an answer, each once (RFC 2181 5). */
function recordsOf({ bytes, offsets }: AnswerTable, answer: number): Buffer[] {
  const bodies: Buffer[] = [];
  let i = offsets[answer] as number;
  i += 2 + 2 * get16(bytes, i);
  let left = get16(bytes, i);
  i += 2;
  for (; left > 0; left--) {
    const length = get16(bytes, i + 2);
    const isFilled = bytes[i + 1] === 1;
    const record = bytes.subarray(i + 4, i + 4 + length);
    // two bytes of the owner, which is another one here
    const body = Buffer.from(isFilled ? plainText(record).subarray(2) : record.subarray(2));
    // texts that differ only in where `$` is the address and where a dollar sign are one here
    if (!bodies.some((other) => other.equals(body))) bodies.push(body);
    i += 4 + length;
  }
  return bodies;
}

/** A TXT with its placeholders as they were written. */
function plainText(record: Uint8Array): Uint8Array {
  const text: number[] = [];
  for (let i = RECORD_HEAD_BYTES; i < record.length;) {
    const step = record[i] as number;
    if (step === FILL.literal) {
      const length = record[i + 1] as number;
      text.push(...record.subarray(i + 2, i + 2 + length));
      i += 2 + length;
    } else {
      text.push(...new TextEncoder().encode(step === FILL.subject ? '$' : '$prefix'));
      i += step === FILL.namedPrefix ? 3 : 1;
    }
  }
  const cut = text.slice(0, LONGEST_FILLED_TEXT);
  return Uint8Array.from([
    ...record.subarray(0, RECORD_HEAD_BYTES),
    0,
    cut.length + 1,
    cut.length,
    ...cut,
  ]);
}

/** `7.113.0.203` for one address, `*.0.203` for 203.0.0.0/16; nibbles likewise. */
function ownerOf(parts: readonly number[], family: Family, below: Uint8Array): Uint8Array {
  const isWhole = parts.length === (family === 4 ? 4 : 32);
  const labels = isWhole ? [] : ['*'];
  for (const part of [...parts].reverse()) labels.push(part.toString(family === 4 ? 10 : 16));
  return Buffer.concat([
    ...labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`)),
    below,
  ]);
}

/** A single address of 127.0.0.0/8, which lists themselves never hold. */
function isTestRange({ firsts, lasts }: RangeSet): boolean {
  return (firsts[0] as number) >>> 24 === 127 && firsts[0] === lasts[0];
}

/** The name of ::ffff:127.0.0.2 and its like (RFC 5782 5). */
function mappedOwner({ firsts }: RangeSet, below: Uint8Array): Uint8Array {
  const address = (firsts[0] as number).toString(16).padStart(8, '0');
  const nibbles = `${'0'.repeat(20)}ffff${address}`;
  return ownerOf(
    Array.from(nibbles, (nibble) => parseInt(nibble, 16)),
    6,
    below,
  );
}
