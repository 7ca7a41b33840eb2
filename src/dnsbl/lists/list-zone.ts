import type { ZoneConfig } from '../../config/schema.js';
import { parseIPv4 } from '../../ip/address.js';
import { differenceOf, intersectionOf, setOfFamily, unionOf } from '../../ip/address-set.js';
import { FAMILIES } from '../../ip/family.js';
import type { AddressLayer, NamedRangesOfList, ZoneSource } from '../zone/zone-source.js';
import { ZoneAnswers } from './answers.js';
import { type ListFacts, ListLayers } from './list-layers.js';
import { LISTABLE, NEVER_LISTED, TEST_ADDRESS, isLoopbackCode, testLayer } from './test-entries.js';
import { namedRangesOf } from './named-ranges.js';
import { usesCountry, usesPrefix } from './text-template.js';
import { type ZoneTime, zoneHead } from './zone-head.js';

/**
 * A zone of lists (RFC 5782): each list is a layer, so that an address in several answers with
 * each. What is on an `allow` list is in no layer; without such a list the zone fails, and so it does
 * where any of its lists is broken.
 *
 * @param facts with all lists that could be made
 */
export function listZone(
  zone: ZoneConfig,
  facts: ListFacts & { readonly broken: ReadonlySet<string> },
  time: ZoneTime,
): ZoneSource {
  const { lists, broken, nowMs } = facts;
  const unusable = [...Object.keys(zone.lists), ...zone.allow].filter((name) => broken.has(name));
  if (unusable.length > 0) {
    const failed = `there is no usable content of its list ${unusable.join(', ')}`;
    return { ...zoneHead(zone, time), answers: [], groups: [], failed };
  }
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
    const builder = new ListLayers(list, as, zone.ttl, answers, facts, namedRanges.length);
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
