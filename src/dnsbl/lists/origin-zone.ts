import type { ZoneConfig } from '../../config/schema.js';
import { setOfFamily } from '../../ip/address-set.js';
import { FAMILIES, type Family } from '../../ip/family.js';
import { copyWords } from '../../ip/words.js';
import type { CountryData } from '../../sources/country-data.js';
import { countryText, isDelegated } from '../../sources/statistics/records.js';
import type { AddressLayer, ZoneSource } from '../zone/zone-source.js';
import { ZoneAnswers } from './answers.js';
import { type Pieces, clip, flatten, piecesOf } from './layers.js';
import { LISTABLE, TEST_ADDRESS, testLayer } from './test-entries.js';
import { type ZoneTime, zoneHead } from './zone-head.js';

/**
 * A zone with the TXT that rspamd's asn module reads: `asn|prefix|cc|registry`, with 0 for the
 * autonomous system, which the registries' files do not tell of an address. The prefix lies
 * within the delegation.
 *
 * @param data with its statistics files, where it has any; else the registry remains empty
 */
export function originZone(zone: ZoneConfig, data: CountryData, time: ZoneTime): ZoneSource {
  const answers = new ZoneAnswers();
  const numberOf = (cc: string, registry: string): number =>
    answers.numberOf(`${cc} ${registry}`, () => originAnswer(cc, registry, zone));
  const layers = FAMILIES.map((family): AddressLayer => {
    const pieces =
      data.statistics.length > 0
        ? piecesOfRecords(family, data, numberOf)
        : piecesOfTable(family, data, numberOf);
    return clip(flatten(pieces), setOfFamily(LISTABLE, family));
  });
  const test = answers.numberOf('test', () => {
    const { records } = originAnswer('ZZ', 'test', zone);
    const ttlSeconds = Math.round(zone.ttl / 1000);
    return { records: [{ type: 'A', ttlSeconds, address: TEST_ADDRESS }, ...records] };
  });
  const tests = testLayer(new Map([[TEST_ADDRESS, test]]));
  return {
    ...zoneHead(zone, time),
    answers: answers.all,
    groups: [{ branches: [{ below: Uint8Array.of(0), addresses: [...layers, tests], names: [] }] }],
  };
}

type NumberOf = (cc: string, registry: string) => number;

function piecesOfRecords(family: Family, { statistics }: CountryData, numberOf: NumberOf): Pieces {
  const all = statistics.map(({ file }) => ({
    registry: file.header?.registry ?? '',
    records: family === 4 ? file.ipv4 : file.ipv6,
  }));
  const most = all.reduce((total, { records }) => total + records.length, 0);
  const n = family === 4 ? 1 : 4;
  const firsts = new Uint32Array(most * n);
  const lasts = new Uint32Array(most * n);
  const answers = new Uint32Array(most);
  let count = 0;
  for (const { registry, records } of all) {
    for (let k = 0; k < records.length; k++) {
      const country = records.countries[k] as number;
      if (!isDelegated(records.statuses[k] as number) || country === 0) continue;
      copyWords(records.firsts, k * n, firsts, count * n, n);
      copyWords(records.lasts, k * n, lasts, count * n, n);
      answers[count++] = numberOf(countryText(country), registry);
    }
  }
  return {
    family,
    firsts: firsts.subarray(0, count * n),
    lasts: lasts.subarray(0, count * n),
    answers: answers.subarray(0, count),
  };
}

function piecesOfTable(family: Family, { table }: CountryData, numberOf: NumberOf): Pieces {
  const holdings = [...table.values()];
  return piecesOf(
    family,
    holdings.map(({ addresses }) => setOfFamily(addresses, family)),
    holdings.map(({ cc }) => numberOf(cc, '')),
  );
}

function originAnswer(cc: string, registry: string, zone: ZoneConfig) {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const text = [encode('0|'), 'prefix' as const, encode(`|${cc}|${registry}`)];
  const ttlSeconds = Math.round(zone.ttl / 1000);
  return { records: [{ type: 'TXT' as const, ttlSeconds, text }] };
}
