import { bind } from './bind.js';
import { cidr } from './cidr.js';
import { csv } from './csv.js';
import type { Format } from './format.js';
import { haproxy } from './haproxy.js';
import { ipset } from './ipset.js';
import { ip6tables, iptables } from './iptables.js';
import { json } from './json.js';
import { mmdb } from './mmdb.js';
import { nft } from './nft.js';
import { nftJson } from './nft-json.js';
import { nginxGeo } from './nginx-geo.js';
import { postfixCidr } from './postfix-cidr.js';
import { ranges } from './ranges.js';
import { rbldnsd } from './rbldnsd.js';
import { sendmailAccess } from './sendmail-access.js';
import { tcprules } from './tcprules.js';

export { DEFAULT_MAX_LINES } from './format.js';
export type { CountryPart, Format, FormatInput, FormatOptions, NamedList } from './format.js';

/** Every format, in the order in which help and documentation show them. */
export const FORMATS: readonly Format[] = [
  cidr,
  ranges,
  csv,
  json,
  nft,
  nftJson,
  ipset,
  iptables,
  ip6tables,
  rbldnsd,
  bind,
  postfixCidr,
  sendmailAccess,
  tcprules,
  nginxGeo,
  haproxy,
  mmdb,
];

export const FORMAT_NAMES: readonly string[] = FORMATS.map((format) => format.name);

export function findFormat(name: string): Format | undefined {
  return FORMATS.find((format) => format.name === name);
}
