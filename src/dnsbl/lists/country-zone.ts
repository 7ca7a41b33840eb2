import type { ZoneConfig } from '../../config/schema.js';
import { FAMILIES } from '../../ip/family.js';
import { setOfFamily } from '../../ip/address-set.js';
import { findCountry } from '../../lists/countries.js';
import type { CountryTable } from '../../sources/country-table.js';
import type { ZoneAnswer, ZoneRecord, ZoneSource } from '../zone/zone-source.js';
import { ZoneAnswers } from './answers.js';
import { clip, flatten, piecesOf } from './layers.js';
import { LISTABLE, TEST_ADDRESS, testLayer } from './test-entries.js';
import { type ZoneTime, zoneHead } from './zone-head.js';

/** First two octets of a country's A record, as zz.countries.nerd.dk has it. */
const COUNTRY_CODE = 0x7f00_0000;

/**
 * A zone in which any address answers its country: 127.0.(n >> 8).(n & 255) for the ISO 3166-1
 * numeric code n, and the two letters in lower case as TXT. What is no country (EU, AP) has the
 * text alone.
 */
export function countryZone(zone: ZoneConfig, table: CountryTable, time: ZoneTime): ZoneSource {
  const ttlSeconds = Math.round(zone.ttl / 1000);
  const answers = new ZoneAnswers();
  const holdings = [...table.values()];
  const numbers = holdings.map(({ cc }) =>
    answers.numberOf(cc, () => countryAnswer(cc, ttlSeconds)),
  );
  const layers = FAMILIES.map((family) => {
    const sets = holdings.map(({ addresses }) => setOfFamily(addresses, family));
    return clip(flatten(piecesOf(family, sets, numbers)), setOfFamily(LISTABLE, family));
  });
  const test = answers.numberOf('test', () => testAnswer(ttlSeconds));
  const tests = testLayer(new Map([[TEST_ADDRESS, test]]));
  return {
    ...zoneHead(zone, time),
    answers: answers.all,
    groups: [{ branches: [{ below: Uint8Array.of(0), addresses: [...layers, tests], names: [] }] }],
  };
}

function countryAnswer(cc: string, ttlSeconds: number): ZoneAnswer {
  const country = findCountry(cc);
  const records: ZoneRecord[] = [];
  if (country) {
    records.push({ type: 'A', ttlSeconds, address: COUNTRY_CODE + country.numeric });
  }
  records.push({ type: 'TXT', ttlSeconds, text: [new TextEncoder().encode(cc.toLowerCase())] });
  return { records };
}

function testAnswer(ttlSeconds: number): ZoneAnswer {
  return {
    records: [
      { type: 'A', ttlSeconds, address: TEST_ADDRESS },
      { type: 'TXT', ttlSeconds, text: [new TextEncoder().encode('zz')] },
    ],
  };
}
