import { existsSync, readFileSync } from 'node:fs';

import { IptablesBackend } from './iptables-backend.js';
import { IptablesPrograms, VARIANTS, type Variant } from './programs.js';
import { holdsNothing } from './rules.js';

/** Tables of the old interface, one a line, while a kernel module holds any. */
const LEGACY_TABLES = ['/proc/net/ip_tables_names', '/proc/net/ip6_tables_names'];

/**
 * Takes away our rules from the two implementations of iptables, or from the one that the host does
 * not use (any more): the kernel goes on with both, whichever `iptables` the administrator chose.
 * Where nothing of ours stands it only looks, and loads no kernel module for that.
 *
 * @throws SystemError
 */
export async function flushIptables(which: 'all' | 'not in use'): Promise<void> {
  const used = which === 'all' ? undefined : await new IptablesPrograms().findVariant();
  for (const variant of VARIANTS) {
    if (variant !== used && (await holdsOurs(variant))) await new IptablesBackend(variant).flush();
  }
}

async function holdsOurs(variant: Variant): Promise<boolean> {
  const programs = new IptablesPrograms(variant);
  if (!programs.isInstalled || !isInKernel(variant)) return false;
  return (await programs.readAll()).some(({ tables }) => !holdsNothing(tables));
}

/** Asking the old interface would load its modules where nothing has done so yet. */
function isInKernel(variant: Variant): boolean {
  if (variant === 'nft') return true;
  return LEGACY_TABLES.some((path) => existsSync(path) && readFileSync(path, 'latin1') !== '');
}
