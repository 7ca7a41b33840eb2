import { cidr } from './cidr.js';
import { type Format } from './format.js';
import { haproxy } from './haproxy.js';
import { ip6tables, iptables } from './iptables.js';
import { ipset } from './ipset.js';
import { nft } from './nft.js';
import { nftJson } from './nft-json.js';
import { nginxGeo } from './nginx-geo.js';
import { ranges } from './ranges.js';

export { DEFAULT_MAX_LINES } from './format.js';
export type { CountryPart, Format, FormatInput, FormatOptions, NamedList } from './format.js';

/** Every format, in the order in which help and documentation show them. */
export const FORMATS: readonly Format[] = [
  cidr,
  ranges,
  nft,
  nftJson,
  ipset,
  iptables,
  ip6tables,
  nginxGeo,
  haproxy,
];

export const FORMAT_NAMES: readonly string[] = FORMATS.map((format) => format.name);

export function findFormat(name: string): Format | undefined {
  return FORMATS.find((format) => format.name === name);
}
