import type { Family } from '../../ip/family.js';
import { available } from '../../linux/native.js';
import { isDormantTable } from '../../linux/read-table-flags.js';
import { findProgram } from '../../util/programs.js';
import { nft } from '../nftables/nft.js';
import type { IptablesPrograms } from './programs.js';
import { TABLE_NAMES, type Tables, isEmptyTable } from './table.js';

const TABLE_FAMILIES = { 4: 'ip', 6: 'ip6' } as const;
type TableFamily = (typeof TABLE_FAMILIES)[Family];

/**
 * Tables of iptables-nft that others put to sleep, a line each: iptables lists the rules in them as
 * ever, and no packet comes there. Such a table is everybody's, so that to wake it is for a person
 * to decide. Legacy iptables has no such state; where there are neither native calls nor the
 * program nft, nobody can ask.
 *
 * @param wanted what is ours in each family
 * @throws SystemError
 */
export async function findSleeping(
  programs: IptablesPrograms,
  wanted: ReadonlyMap<Family, Tables>,
): Promise<string[]> {
  if ((await programs.findVariant()) !== 'nft') return [];
  const isAsleep = findWay();
  if (isAsleep === undefined) return [];
  const lines: string[] = [];
  for (const [family, tables] of wanted) {
    for (const name of TABLE_NAMES) {
      const of = TABLE_FAMILIES[family];
      if (isEmptyTable(tables[name]) || !(await isAsleep(of, name))) continue;
      lines.push(
        `IPv${family}: others put the table ${name} to sleep (flags dormant), and no rule in it ` +
          `judges anything; \`nft add table ${of} ${name}\` wakes it, with the rules of others in it`,
      );
    }
  }
  return lines;
}

type IsAsleep = (family: TableFamily, name: string) => boolean | Promise<boolean>;

function findWay(): IsAsleep | undefined {
  if (available().ok) return isDormantTable;
  return findProgram('nft') === undefined ? undefined : isListedAsleep;
}

/** Not as JSON: for a flag, nft 1.0.6 writes there whatever lies in its memory, or dies. */
async function isListedAsleep(family: TableFamily, name: string): Promise<boolean> {
  const { stdout } = await nft(['-t', 'list', 'table', family, name]);
  return /^\tflags .*\bdormant\b/m.test(stdout);
}
