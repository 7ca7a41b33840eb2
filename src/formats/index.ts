import { cidr } from './cidr.js';
import { type Format } from './format.js';
import { nft } from './nft.js';
import { ranges } from './ranges.js';

export { DEFAULT_MAX_LINES } from './format.js';
export type { CountryPart, Format, FormatInput, FormatOptions, NamedList } from './format.js';

/** Every format, in the order in which help and documentation show them. */
export const FORMATS: readonly Format[] = [cidr, ranges, nft];

export const FORMAT_NAMES: readonly string[] = FORMATS.map((format) => format.name);

export function findFormat(name: string): Format | undefined {
  return FORMATS.find((format) => format.name === name);
}
