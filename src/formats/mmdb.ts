import { subtract } from '../ip/algebra.js';
import { FAMILIES } from '../ip/family.js';
import { RangeSet } from '../ip/range-set.js';
import { countryName } from '../lists/countries.js';
import { UsageError } from '../util/errors.js';
import { countrySetsOf } from './country-parts.js';
import type { Format, FormatInput, FormatOptions } from './format.js';
import { MmdbInteger, type MmdbValue, encodeValue } from './mmdb-data.js';
import { DATA_SEPARATOR_BYTES, MmdbTree, type RecordSize, recordSizeFor } from './mmdb-tree.js';

/** MaxMind's own libraries read countries from this type only (Perl: `^(GeoLite2|GeoIP2)-Country$`). */
const DATABASE_TYPE = 'GeoLite2-Country';

/** Build time where the age of the data is not given: libmaxminddb refuses a file that says 0. */
const UNKNOWN_BUILD_TIME = 1;

const METADATA_MARKER = Uint8Array.of(0xab, 0xcd, 0xef, ...Buffer.from('MaxMind.com'));

/** ::/96, where the tree holds IPv4, and ::ffff:0:0/96, the same addresses mapped (RFC 4291). */
const IPV4_PLACE = Uint32Array.of(0, 0, 0, 0);
const MAPPED_PLACE = Uint32Array.of(0, 0, 0xffff, 0);
const IPV4_PLACES = new RangeSet(
  6,
  Uint32Array.of(...IPV4_PLACE, ...MAPPED_PLACE),
  Uint32Array.of(0, 0, 0, 0xffffffff, 0, 0, 0xffff, 0xffffffff),
);

/**
 * A MaxMind DB file (format 2.0) with the country of each address, in the shape of
 * GeoLite2-Country: `{ country: { iso_code, names: { en } } }`. For nginx's geoip2 module,
 * SpamAssassin's RelayCountry, rsyslog, mmdblookup and whatever else reads such files.
 * Addresses of a list whose country is not known are left out. Where two lists give an
 * address different countries, the first has it.
 */
export const mmdb: Format = {
  name: 'mmdb',
  summary: 'country database in the MaxMind DB format',
  extension: 'mmdb',
  holdsSeveralLists: true,
  families: [4, 6],
  render: (input, options) => renderMmdb(input, options),
};

/**
 * @param recordSize larger than needed, for tests
 * @throws UsageError where a list was not made from countries
 */
export function renderMmdb(
  { lists, notices }: FormatInput,
  { families, dataTimeSeconds }: FormatOptions,
  recordSize?: RecordSize,
): Uint8Array[] {
  const tree = new MmdbTree();
  const countries = new Map<string, number>();
  for (const list of lists) {
    if (list.countries === undefined) throw noCountries(list.name);
    for (const family of FAMILIES.filter((one) => families.includes(one))) {
      for (const { cc, set } of countrySetsOf(list, family)) {
        if (cc === undefined) continue;
        if (!countries.has(cc)) countries.set(cc, countries.size);
        const own = family === 6 ? subtract(set, IPV4_PLACES) : set;
        tree.add(own, countries.get(cc) as number);
      }
    }
  }
  tree.alias(MAPPED_PLACE, IPV4_PLACE, 96);

  const { offsets, data } = encodeCountries([...countries.keys()]);
  const dataBytes = data.reduce((total, piece) => total + piece.length, 0);
  const size = recordSize ?? recordSizeFor(tree.nodeCount, dataBytes);
  const metadata: MmdbValue = {
    node_count: new MmdbInteger('uint32', tree.nodeCount),
    record_size: new MmdbInteger('uint16', size),
    ip_version: new MmdbInteger('uint16', 6),
    database_type: DATABASE_TYPE,
    languages: ['en'],
    binary_format_major_version: new MmdbInteger('uint16', 2),
    binary_format_minor_version: new MmdbInteger('uint16', 0),
    build_epoch: new MmdbInteger('uint64', dataTimeSeconds ?? UNKNOWN_BUILD_TIME),
    description: { en: ['Sekisho country database', ...notices].join('; ') },
  };
  return [
    tree.encode(size, offsets),
    new Uint8Array(DATA_SEPARATOR_BYTES),
    ...data,
    METADATA_MARKER,
    encodeValue(metadata),
  ];
}

/** One entry a country, and where in the data section it begins. */
function encodeCountries(codes: readonly string[]): { offsets: number[]; data: Uint8Array[] } {
  const data = codes.map((cc) =>
    encodeValue({ country: { iso_code: cc, names: { en: countryName(cc) } } }),
  );
  let end = 0;
  const offsets = data.map((piece) => {
    const start = end;
    end += piece.length;
    return start;
  });
  return { offsets, data };
}

function noCountries(list: string): UsageError {
  return new UsageError(
    `mmdb: the list ${list} was not made from countries, so there is no country to write; ` +
      'choose lists of countries (--country, or `countries:` in the configuration)',
  );
}
