import { ISO_3166_TABLE } from './iso-3166-table.js';

/** A country or territory of ISO 3166-1. */
export interface Country {
  /** Alpha-2 code, upper case. */
  readonly cc: string;
  /** Numeric code, 1 to 894. */
  readonly numeric: number;
  readonly continent: string;
  /** The registry in whose service region it lies; its addresses may come from any of the five. */
  readonly registry: string;
  readonly name: string;
}

const COUNTRIES: ReadonlyMap<string, Country> = new Map(
  ISO_3166_TABLE.trim()
    .split('\n')
    .map((row) => {
      const [cc = '', numeric = '', continent = '', registry = '', ...name] = row.split(' ');
      return [cc, { cc, numeric: Number(numeric), continent, registry, name: name.join(' ') }];
    }),
);

/**
 * Codes outside ISO 3166-1 that registries' files or country databases use, and what an
 * address under them may be.
 */
const SPECIAL: ReadonlyMap<string, string> = new Map([
  ['AP', 'Asia/Pacific, no single country'],
  ['EU', 'Europe, no single country'],
  ['XK', 'Kosovo'],
  ['ZZ', 'unknown'],
]);

/** Words that stand for many countries: continents and registries' service regions. */
export const GROUPS: ReadonlyMap<string, readonly string[]> = groupsOf([...COUNTRIES.values()]);

function groupsOf(countries: readonly Country[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { cc, continent, registry } of countries) {
    for (const name of [continent, registry]) {
      const group = groups.get(name);
      if (group) group.push(cc);
      else groups.set(name, [cc]);
    }
  }
  return groups;
}

export function allCountries(): readonly Country[] {
  return [...COUNTRIES.values()];
}

export function findCountry(cc: string): Country | undefined {
  return COUNTRIES.get(cc);
}

/** English name of a code, or a description of a code outside ISO 3166-1. */
export function countryName(cc: string): string {
  return COUNTRIES.get(cc)?.name ?? SPECIAL.get(cc) ?? 'not in ISO 3166-1';
}

/** The codes that a word stands for, with a note where it is no country; or what was expected. */
export function expandCountry(
  word: string,
): { readonly codes: readonly string[]; readonly note?: string } | { readonly expected: string } {
  const group = GROUPS.get(word.toLowerCase());
  if (group) return { codes: group };
  const cc = word.toUpperCase();
  if (COUNTRIES.has(cc)) return { codes: [cc] };
  if (cc === 'EU' || cc === 'AP' || cc === 'XK') {
    return {
      codes: [cc],
      note: `${cc} is no country of ISO 3166-1: ${SPECIAL.get(cc) ?? ''}. ${groupHint(cc)}`.trim(),
    };
  }
  const hint = cc === 'UK' ? ' (the United Kingdom is GB)' : '';
  return {
    expected: `an ISO 3166-1 code such as KR${hint}, or one of ${[...GROUPS.keys()].sort().join(', ')}`,
  };
}

function groupHint(cc: string): string {
  if (cc === 'EU') return 'For every country of Europe write europe.';
  if (cc === 'AP') return 'For every country of the region write asia or apnic.';
  return '';
}
