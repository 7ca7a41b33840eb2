/** What a made-up statistics file is to look like. */
export interface SyntheticOptions {
  readonly registry: string;
  /** Place among the five registries, 0 to 4: each has address space of its own. */
  readonly place: number;
  /** About how long the file is to be. */
  readonly bytes: number;
  /** With the opaque holder id, and available and reserved space. */
  readonly extended: boolean;
}

/** Countries of a registry by falling share, about as unevenly as in real files. */
const COUNTRIES = ['US', 'CN', 'RU', 'BR', 'GB', 'DE', 'JP', 'KR', 'FR', 'IN', 'ZA', 'AU'].concat(
  Array.from({ length: 180 }, (_, k) =>
    String.fromCharCode(65 + (k % 26), 65 + (Math.floor(k / 26) % 26)),
  ),
);

/** The IPv4 space is divided into five parts of this many /8. */
const OCTETS_EACH = 44;

/**
 * The text of a statistics file that is whole, always the same for the same options: IPv4 sizes
 * of which some are no power of two, IPv6 prefixes from /29 to /48, a quarter of the records
 * for AS numbers, in address order, without overlap.
 */
export function syntheticStatistics(options: SyntheticOptions): string {
  const { registry, place, extended } = options;
  const random = randomNumbers(place + 1);
  const records = Math.floor(options.bytes / (extended ? 56 : 48));
  const lines = { asn: [] as string[], ipv4: [] as string[], ipv6: [] as string[] };
  let address4 = (1 + place * OCTETS_EACH) * 2 ** 24;
  let block6 = (0x2400 + place * 0x200) * 2 ** 16; // the upper 32 bits, counted in /32
  for (let k = 0; k < records; k++) {
    const type = k % 4 === 0 ? 'asn' : k % 20 < 13 ? 'ipv4' : 'ipv6';
    let start: string;
    let value: number;
    if (type === 'asn') {
      start = String(1000 + place * 1_000_000 + k);
      value = 1;
    } else if (type === 'ipv4') {
      const size = 256 * 2 ** Math.floor(random() ** 3 * 8);
      value = random() < 0.03 ? size * 3 : size;
      if (random() < 0.3) address4 += size; // a gap
      start = dottedQuad(address4);
      address4 += value;
    } else {
      value = random() < 0.6 ? 32 : random() < 0.5 ? 29 : 48;
      const step = value === 29 ? 8 : 1;
      block6 = Math.ceil(block6 / step) * step;
      start = `${(block6 >>> 16).toString(16)}:${(block6 & 0xffff).toString(16)}::`;
      block6 += step;
    }
    lines[type].push(lineOf(registry, type, start, value, extended, random));
  }
  const { asn, ipv4, ipv6 } = lines;
  return [
    `${extended ? '2.3' : '2'}|${registry}|20260601|${records}|19830613|20260531|+0000`,
    `${registry}|*|asn|*|${asn.length}|summary`,
    `${registry}|*|ipv4|*|${ipv4.length}|summary`,
    `${registry}|*|ipv6|*|${ipv6.length}|summary`,
    ...asn,
    ...ipv4,
    ...ipv6,
    '',
  ].join('\n');
}

function lineOf(
  registry: string,
  type: string,
  start: string,
  value: number,
  extended: boolean,
  random: () => number,
): string {
  const free = extended && random() < 0.2;
  const cc = free ? '' : COUNTRIES[Math.floor(random() ** 4 * COUNTRIES.length)];
  const status = free ? 'available' : random() < 0.7 ? 'allocated' : 'assigned';
  const year = 1990 + Math.floor(random() * 36);
  const line = `${registry}|${cc}|${type}|${start}|${value}|${free ? '' : `${year}0412`}|${status}`;
  return extended ? `${line}|A9${Math.floor(random() * 2 ** 24).toString(16)}` : line;
}

function dottedQuad(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** Numbers from 0 up to 1, always the same for a seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
