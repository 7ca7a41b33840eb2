import { readFileSync } from 'node:fs';

import type { Family } from '../../src/ip/family.js';
import { type NaiveRange, naivePrefixes, naiveText, naiveValue } from '../ip/naive.js';

/**
 * Countries' prefixes by an independent way: split the text at newlines and bars, BigInt
 * ranges, sort, merge, largest blocks first. Shares no code with the program.
 *
 * @returns prefixes by `cc/family`, sorted, as `cidr` writes them
 */
export function naiveCountries(paths: readonly string[]): Map<string, string[]> {
  const ranges = new Map<string, NaiveRange[]>();
  for (const path of paths) {
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const [, cc = '', type = '', start = '', value = '', , status = ''] = line.split('|');
      if (line.startsWith('#') || (status !== 'allocated' && status !== 'assigned')) continue;
      if (cc === '' || (type !== 'ipv4' && type !== 'ipv6')) continue;
      const first = naiveValue(start);
      const size = type === 'ipv4' ? BigInt(value) : 1n << BigInt(128 - Number(value));
      const key = `${cc}/${type === 'ipv4' ? 4 : 6}`;
      const list = ranges.get(key) ?? [];
      list.push([first, first + size - 1n]);
      ranges.set(key, list);
    }
  }
  const prefixes = new Map<string, string[]>();
  for (const [key, list] of ranges) {
    const family = Number(key.slice(3)) as Family;
    const texts = naivePrefixes(family, list).map(
      ([start, length]) => `${naiveText(family, start)}/${length}`,
    );
    prefixes.set(key, texts);
  }
  return prefixes;
}
