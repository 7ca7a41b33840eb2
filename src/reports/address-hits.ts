import type { ReportFolder } from './folder.js';
import { type DeniedRow, mergeRows } from './rows.js';

/**
 * What was denied of some addresses on all days that are kept: for each address one row a rule
 * and list, the latest first. Days on which none of them was seen are not parsed.
 *
 * @param addresses as `formatAddress` writes them
 * @throws SystemError where a day cannot be read
 */
export function hitsOf(
  folder: ReportFolder,
  addresses: readonly string[],
): ReadonlyMap<string, readonly DeniedRow[]> {
  const wanted = new Set(addresses);
  const rows = folder.days().flatMap((day) => folder.readRowsOf(day, wanted));
  const merged = mergeRows(rows).sort((a, b) => (a.last < b.last ? 1 : -1));
  return new Map(addresses.map((text) => [text, merged.filter((row) => row.address === text)]));
}
