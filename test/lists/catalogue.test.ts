import { describe, expect, test } from 'vitest';

import { parseConfig } from '../../src/config/load.js';
import { hasAddress } from '../../src/ip/address-set.js';
import { parseAddress } from '../../src/ip/address.js';
import { type Catalogue, buildCatalogue, listOfCountries } from '../../src/lists/catalogue.js';
import { findDefinitionFaults } from '../../src/lists/definitions.js';
import { parseManualList } from '../../src/lists/manual.js';
import type { CountryTable } from '../../src/sources/country-table.js';
import { addressSet } from '../helpers/lists.js';

const TABLE: CountryTable = new Map(
  Object.entries({
    KR: addressSet('1.11.0.0/16', '2001:220::/32'),
    JP: addressSet('1.12.0.0/16'),
    EU: addressSet('46.1.0.0/16'),
  }).map(([cc, addresses]) => [
    cc,
    { cc, addresses, records4: addresses.v4.length, records6: addresses.v6.length },
  ]),
);

function catalogue(yaml: string, texts: Record<string, string> = {}): Catalogue {
  const { config } = parseConfig(yaml, 'sekisho.yaml');
  expect(findDefinitionFaults(config.lists)).toEqual([]);
  return buildCatalogue({
    definitions: config.lists,
    table: TABLE,
    lines: new Map(
      Object.entries(texts).map(([name, text]) => [
        name,
        { path: `lists/${name}.txt`, ...parseManualList(text) },
      ]),
    ),
    nowMs: 0,
  });
}

function holds({ lists }: Catalogue, name: string, text: string): boolean {
  const address = parseAddress(text);
  const list = lists.get(name);
  if ('expected' in address || list === undefined) throw new Error(`${name} or ${text} is wrong`);
  return hasAddress(list.addresses, address);
}

describe('ends', () => {
  const yaml =
    'lists: { a: { file: a }, b: { file: b }, kr: { countries: [KR] }, ' +
    'both: { lists: [a, b] }, east: { lists: [a], and: [kr] }, within: { lists: [kr], and: [a] }, ' +
    'rest: { lists: [kr, a], except: [b] } }';
  const day = (text: string): number => Date.parse(`${text}T00:00:00Z`) + 86_400_000;
  const endOf = ({ lists }: Catalogue, name: string, text: string): number | undefined => {
    const address = parseAddress(text);
    const times = lists.get(name)?.times?.v4;
    if ('expected' in address || times === undefined) return undefined;
    const at = Array.from(times.firsts).findIndex((first, i) => {
      const word = address.words[0] ?? NaN;
      return first <= word && word <= (times.lasts[i] ?? NaN);
    });
    return times.endsMs[at];
  };

  test('go with entries into the lists that are made from them', () => {
    const made = catalogue(yaml, {
      a: '1.11.0.1 until=2026-01-01\n1.11.0.2 until=2026-01-01\n9.9.9.9 until=2026-03-01\n1.11.0.9',
      b: '1.11.0.1 until=2026-02-01\n1.11.0.2',
    });
    expect(endOf(made, 'a', '1.11.0.1')).toBe(day('2026-01-01'));
    expect(endOf(made, 'both', '1.11.0.1')).toBe(day('2026-02-01'));
    expect(endOf(made, 'both', '1.11.0.2')).toBe(Infinity);
    expect(endOf(made, 'both', '9.9.9.9')).toBe(day('2026-03-01'));
    expect(endOf(made, 'east', '1.11.0.1')).toBe(day('2026-01-01'));
    expect(endOf(made, 'east', '9.9.9.9')).toBeUndefined();
    expect(endOf(made, 'within', '1.11.0.2')).toBe(day('2026-01-01'));
    expect(endOf(made, 'within', '1.11.0.9')).toBe(Infinity);
    expect(endOf(made, 'rest', '1.11.0.1')).toBeUndefined();
    expect(endOf(made, 'rest', '1.11.0.3')).toBe(Infinity);
    expect(endOf(made, 'rest', '9.9.9.9')).toBe(day('2026-03-01'));
    expect(made.lists.get('kr')?.times).toBeUndefined();
  });

  test('stay known when they have come, so that plans do not change', () => {
    const { config } = parseConfig('lists: { a: { file: a } }', 'sekisho.yaml');
    const lines = new Map([['a', { path: 'a', ...parseManualList('9.9.9.9 until=2020-01-01') }]]);
    const { lists } = buildCatalogue({
      definitions: config.lists,
      table: TABLE,
      lines,
      nowMs: Date.parse('2026-01-01T00:00:00Z'),
    });
    expect(lists.get('a')?.addresses.v4.isEmpty).toBe(true);
    expect(lists.get('a')?.times?.v4.length).toBe(1);
  });
});

describe('lists', () => {
  test('of countries hold both families and keep their parts', () => {
    const made = catalogue('lists: { east: { countries: [kr, JP] } }');
    expect(holds(made, 'east', '1.12.255.255')).toBe(true);
    expect(holds(made, 'east', '2001:220::1')).toBe(true);
    expect(holds(made, 'east', '1.13.0.0')).toBe(false);
    expect(made.lists.get('east')?.countries?.map((part) => part.cc)).toEqual(['KR', 'JP']);
    expect(made.lists.get('east')?.records).toBe(3);
    expect(made.lists.get('east')?.addresses.v4.length).toBe(1); // 1.11/16 and 1.12/16 adjoin
  });

  test('of groups hold the countries of a continent or of a registry', () => {
    const made = catalogue('lists: { a: { countries: [asia] }, b: { countries: [ripencc] } }');
    expect(holds(made, 'a', '1.11.0.1')).toBe(true);
    expect(made.lists.get('b')?.addresses.v4.isEmpty).toBe(true);
    expect(made.notes).toEqual([]); // a country of a group may be without addresses
  });

  test('of EU are made with a note, a country without addresses is noted', () => {
    const made = catalogue('lists: { e: { countries: [EU] }, x: { countries: [FR] } }');
    expect(holds(made, 'e', '46.1.0.1')).toBe(true);
    expect(made.notes.join('\n')).toMatch(/EU is no country.*europe/);
    expect(made.notes.join('\n')).toMatch(/FR has no addresses/);
  });

  test('are joined, narrowed and reduced', () => {
    const made = catalogue(
      `lists:
         east: { countries: [KR, JP], except: [trusted] }
         both: { lists: [east, blocked], and: [lab] }
         trusted: { file: t }
         blocked: { file: b }
         lab: { file: l }`,
      { trusted: '1.11.1.0/24', blocked: '192.0.2.0/24', lab: '1.11.0.0/16\n192.0.2.7' },
    );
    expect(holds(made, 'east', '1.11.1.1')).toBe(false);
    expect(holds(made, 'east', '1.11.2.1')).toBe(true);
    expect(made.lists.get('east')?.countries?.[0]?.addresses.v4.length).toBe(2);
    expect(holds(made, 'both', '192.0.2.7')).toBe(true);
    expect(holds(made, 'both', '192.0.2.8')).toBe(false);
    expect(holds(made, 'both', '1.12.0.1')).toBe(false);
  });

  test('a bad line is told with its place and left out; the rest stays', () => {
    const made = catalogue('lists: { blocked: { file: b }, more: { lists: [blocked] } }', {
      blocked: '192.0.2.1\n1.2.3\n192.0.2.2\n',
    });
    expect(made.lists.get('blocked')?.addresses.v4.countAddresses()).toBe(2);
    for (const name of ['blocked', 'more']) {
      expect(made.lists.get(name)?.faults).toMatchObject([
        { path: 'lists/blocked.txt', line: 2, found: '1.2.3' },
      ]);
    }
  });

  test('a list never becomes larger because of a bad line in what it leaves out', () => {
    expect(() =>
      catalogue('lists: { east: { countries: [KR], except: [t] }, t: { file: t } }', {
        t: '1.11.0.0/16\n1.11.0/24\n',
      }),
    ).toThrow(/lists\/t\.txt:2: found "1\.11\.0\/24".*east leaves out list t.*larger/);
  });

  test('nor because there is no data of the countries that it leaves out', () => {
    const yaml =
      'lists: { all: { file: a }, home: { countries: [FR] }, x: { lists: [all], except: [home] } }';
    expect(() => catalogue(yaml, { all: '0.0.0.0/0\n' })).toThrow(
      /^list x leaves out list home, which has no addresses in the data at hand/,
    );
  });

  test('of the command line are merged and named', () => {
    const list = listOfCountries('kr_jp', ['KR', 'JP', 'KR'], TABLE, () => {
      throw new Error('nothing to note');
    });
    expect(list.addresses.v4.length).toBe(1);
    expect(list.records).toBe(3);
  });
});

describe('definitions that refer to nothing are told with their place', () => {
  const faultsOf = (yaml: string) =>
    findDefinitionFaults(parseConfig(yaml, undefined).config.lists);

  test.each([
    ['lists: { a: { countries: [KR, XX] } }', ['a', 'countries', 1], '"XX"', /ISO 3166-1/],
    ['lists: { a: { countries: [UK] } }', ['a', 'countries', 0], '"UK"', /United Kingdom is GB/],
    ['lists: { a: { countries: [KOR] } }', ['a', 'countries', 0], '"KOR"', /asia/],
    ['lists: { a: { lists: [b] } }', ['a', 'lists', 0], '"b"', /one of the lists a/],
    ['lists: { a: { countries: [KR], except: [c] } }', ['a', 'except', 0], '"c"', /lists a/],
    ['lists: { a: { lists: [b] }, b: { lists: [a] } }', ['a'], 'a circle: a → b → a', /themselves/],
    ['lists: { a: { countries: [KR], and: [a] } }', ['a'], 'a circle: a → a', /themselves/],
  ])('%s', (yaml, path, found, expected) => {
    const [fault, ...more] = faultsOf(yaml);
    expect(more).toEqual([]);
    expect(fault).toMatchObject({ path, found });
    expect(fault?.expected).toMatch(expected);
  });
});
