import iso from 'i18n-iso-countries';
import { expect, test } from 'vitest';

import { REGISTRY_NAMES } from '../../src/config/registry-names.js';
import {
  GROUPS,
  allCountries,
  countryName,
  expandCountry,
  findCountry,
} from '../../src/lists/countries.js';

test('codes and numbers are those of an independent table of ISO 3166-1', () => {
  const expected = Object.keys(iso.getAlpha2Codes()).filter((cc) => cc !== 'XK');
  expect(allCountries().map(({ cc }) => cc)).toEqual(expected.sort());
  for (const { cc, numeric } of allCountries()) {
    expect(numeric, cc).toBe(Number(iso.alpha2ToNumeric(cc)));
  }
});

test('every country is in one continent and one registry region, and has a name', () => {
  const continents = [...GROUPS.keys()].filter((name) => !REGISTRY_NAMES.some((r) => r === name));
  expect(continents.sort()).toEqual([
    'africa',
    'antarctica',
    'asia',
    'europe',
    'north-america',
    'oceania',
    'south-america',
  ]);
  for (const names of [continents, [...REGISTRY_NAMES]]) {
    const codes = names.flatMap((name) => GROUPS.get(name) ?? []);
    expect(codes.sort()).toEqual(allCountries().map(({ cc }) => cc));
  }
  for (const { name } of allCountries()) expect(name).toMatch(/^\p{L}.+/u);
});

test('words of the configuration stand for codes', () => {
  expect(expandCountry('kr')).toEqual({ codes: ['KR'] });
  expect(expandCountry('apnic')).toMatchObject({ codes: expect.arrayContaining(['JP', 'AU']) });
  expect(expandCountry('EU')).toMatchObject({
    codes: ['EU'],
    note: expect.stringContaining('europe'),
  });
  expect(expandCountry('AP')).toMatchObject({
    codes: ['AP'],
    note: expect.stringContaining('apnic'),
  });
  for (const word of ['UK', 'KOR', '', 'ZZ', '*', 'Korea']) {
    expect(expandCountry(word), word).toHaveProperty('expected');
  }
  expect(findCountry('US')?.numeric).toBe(840);
  expect(countryName('KR')).toBe('South Korea');
});
