import type { List } from '../lists/catalogue.js';
import { writeTable } from './output.js';

/** The IPv4 addresses there are. */
const IPV4_SPACE = 2 ** 32;

/** A table of lists: what each was made from, and how large it is. */
export async function writeSummary(lists: readonly List[]): Promise<void> {
  await writeTable(
    ['list', 'records', 'ranges', 'prefixes', 'addresses', 'of IPv4', 'ranges v6', 'prefixes v6'],
    lists.map(({ name, records, addresses: { v4, v6 } }) => [
      name,
      records,
      v4.length,
      v4.countPrefixes(),
      v4.countAddresses(),
      `${((v4.countAddresses() / IPV4_SPACE) * 100).toFixed(2)} %`,
      v6.length,
      v6.countPrefixes(),
    ]),
  );
}
