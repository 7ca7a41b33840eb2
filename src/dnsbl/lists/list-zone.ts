import type { ZoneConfig } from '../../config/schema.js';
import { parseIPv4 } from '../../ip/address.js';
import { differenceOf, intersectionOf, setOfFamily, unionOf } from '../../ip/address-set.js';
import { FAMILIES, type Family } from '../../ip/family.js';
import { rangeSetFromColumns } from '../../ip/range-set-builder.js';
import type { RangeSet } from '../../ip/range-set.js';
import type { List } from '../../lists/catalogue.js';
import { type Entry, isInForce } from '../../lists/manual.js';
import type {
  AddressLayer,
  NamedRangesOfList,
  ZoneAnswer,
  ZoneSource,
} from '../zone/zone-source.js';
import { ZoneAnswers } from './answers.js';
import { clip, flatten, layerOf, piecesOf } from './layers.js';
import { LISTABLE, NEVER_LISTED, TEST_ADDRESS, isLoopbackCode, testLayer } from './test-entries.js';
import { namedRangesOf } from './named-ranges.js';
import { textParts, usesCountry, usesPrefix, usesReason } from './text-template.js';
import { type ZoneTime, zoneHead } from './zone-head.js';

type ListedAs = ZoneConfig['lists'][string];

/**
 * A zone of lists (RFC 5782): each list is a layer, so that an address in several answers with
 * each. What is on an `allow` list is in no layer; without such a list the zone fails.
 *
 * @param lists those of the zone that could be made, by name
 * @param nowMs entries that have run out by then do not count
 */
export function listZone(
  zone: ZoneConfig,
  lists: ReadonlyMap<string, List>,
  time: ZoneTime,
  nowMs: number,
): ZoneSource {
  const absent = zone.allow.filter((name) => !lists.has(name));
  if (absent.length > 0) {
    // without it, whoever is on it would be listed
    const failed = `there is no content of its allow list ${absent.join(', ')}`;
    return { ...zoneHead(zone, time), answers: [], groups: [], failed };
  }
  const names = Object.keys(zone.lists);
  if (!names.some((name) => lists.has(name))) {
    // an empty zone would tell everybody that nobody is listed
    const failed = `there is no content of any of its lists (${names.join(', ')})`;
    return { ...zoneHead(zone, time), answers: [], groups: [], failed };
  }
  const answers = new ZoneAnswers();
  const allowed = zone.allow.map((name) => lists.get(name)?.addresses);
  const listable = differenceOf(LISTABLE, unionOf(allowed.filter((set) => set !== undefined)));
  const tests = new Map<number, number>();
  const builders = new Map<string, ListLayers>();
  const layers: AddressLayer[] = [];
  const namedRanges: NamedRangesOfList[] = [];
  for (const [name, as] of Object.entries(zone.lists)) {
    const list = lists.get(name);
    if (list === undefined) continue;
    const builder = new ListLayers(list, as, zone.ttl, answers, nowMs, namedRanges.length);
    if (as.text !== undefined && usesPrefix(as.text)) {
      namedRanges.push(namedRangesOf(list, usesCountry(as.text), nowMs));
    }
    builders.set(name, builder);
    const inForce = intersectionOf(list.addresses, listable);
    for (const family of FAMILIES) layers.push(builder.layer(family, setOfFamily(inForce, family)));
    const code = parseIPv4(as.code) as number;
    if (isLoopbackCode(code) && code !== NEVER_LISTED && !tests.has(code)) {
      tests.set(code, builder.testAnswer());
    }
    if (!tests.has(TEST_ADDRESS)) tests.set(TEST_ADDRESS, builder.testAnswer());
  }
  // the list whose code is 127.0.0.2 answers for that address, whichever comes first
  const own = Object.entries(zone.lists).find(([, as]) => as.code === '127.0.0.2');
  const builder = own && builders.get(own[0]);
  if (builder) tests.set(TEST_ADDRESS, builder.testAnswer());
  return {
    ...zoneHead(zone, time),
    answers: answers.all,
    namedRanges,
    groups: [
      {
        branches: [
          { below: Uint8Array.of(0), addresses: [...layers, testLayer(tests)], names: [] },
        ],
      },
    ],
  };
}

class ListLayers {
  readonly #list: List;
  readonly #as: ListedAs;
  readonly #ttlSeconds: number;
  readonly #answers: ZoneAnswers;
  readonly #nowMs: number;
  readonly #namedRanges: number;

  /** @param namedRanges number of the list's own */
  constructor(
    list: List,
    as: ListedAs,
    ttlMs: number,
    answers: ZoneAnswers,
    nowMs: number,
    namedRanges: number,
  ) {
    this.#list = list;
    this.#as = as;
    this.#ttlSeconds = Math.round(ttlMs / 1000);
    this.#answers = answers;
    this.#nowMs = nowMs;
    this.#namedRanges = namedRanges;
  }

  /** The addresses of the set, divided where the text tells country or reason. */
  layer(family: Family, set: RangeSet): AddressLayer {
    const { text = '' } = this.#as;
    const { countries, entries } = this.#list;
    if (countries && usesCountry(text)) {
      const sets = countries.map(({ addresses }) => setOfFamily(addresses, family));
      const numbers = countries.map(({ cc }) => this.#answer(cc, ''));
      return clip(flatten(piecesOf(family, sets, numbers)), set);
    }
    if (entries.length === 0 || !usesReason(text)) return layerOf(set, this.#answer('', ''));
    return clip(this.#byReason(family, entries), set);
  }

  testAnswer(): number {
    return this.#answer('ZZ', 'test entry');
  }

  #byReason(family: Family, entries: readonly Entry[]): AddressLayer {
    const counting = entries.filter(
      (entry) => entry.range.family === family && isInForce(entry, this.#nowMs),
    );
    const sets = counting.map(({ range }) => rangeSetFromColumns(family, range.first, range.last));
    return flatten(
      piecesOf(
        family,
        sets,
        counting.map(({ reason = '' }) => this.#answer('', reason)),
      ),
    );
  }

  #answer(cc: string, reason: string): number {
    const { name } = this.#list;
    const { code, text } = this.#as;
    const ttlSeconds = this.#ttlSeconds;
    const prefix = `prefix ${this.#namedRanges}` as const;
    return this.#answers.numberOf(JSON.stringify([name, cc, reason]), (): ZoneAnswer => {
      const parts = text === undefined ? [] : textParts(text, { list: name, cc, reason }, prefix);
      return {
        records: [
          { type: 'A', ttlSeconds, address: parseIPv4(code) as number },
          ...(parts.length > 0 ? [{ type: 'TXT' as const, ttlSeconds, text: parts }] : []),
        ],
        lists: [name],
      };
    });
  }
}
