import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { findProgram } from './programs.js';

/*
 * A host may have two iptables, one over nf_tables and one over the old kernel interface.
 * Documentation says `iptables`; a test says which of the two that is.
 */

export const IPTABLES_VARIANTS = ['nft', 'legacy'] as const;
export type IptablesVariant = (typeof IPTABLES_VARIANTS)[number];

const NAMES = ['iptables', 'ip6tables'].flatMap((name) =>
  ['', '-save', '-restore'].map((end) => name + end),
);

/** `iptables-legacy-save` for `iptables-save`. */
export function variantOf(name: string, variant: IptablesVariant): string {
  return name.replace('tables', `tables-${variant}`);
}

/** The programs of a variant, for the needs of a test. */
export function programsOf(variant: IptablesVariant): string[] {
  return NAMES.map((name) => variantOf(name, variant));
}

/** Makes a folder in which `iptables` and its like are links to those of the variant. */
export async function linkIptables(folder: string, variant: IptablesVariant): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of NAMES) {
    await symlink(String(findProgram(variantOf(name, variant))), join(folder, name));
  }
}
