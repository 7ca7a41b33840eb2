import { existsSync } from 'node:fs';

import { KnownError } from '../../util/errors.js';
import { findProgram } from '../../util/programs.js';
import type { BackendName } from '../backend.js';
import { destroySets, listOurSets } from './ipset.js';

/** Asking for sets would load the module where nothing has done so yet. */
const MODULE = '/sys/module/ip_set';

/**
 * Destroys our sets that no rule of ours asks any more, since another backend has taken the place
 * of `ipset`. The backends of iptables share their chains, so each replaces the other's rules by
 * itself, but not its sets.
 *
 * @param old the backend before, undefined where the state was lost or there was none
 * @returns why some stay, such as a rule of somebody else's that asks them
 */
export async function destroyLeftSets(
  old: BackendName | undefined,
  held: BackendName,
): Promise<string | undefined> {
  if (held === 'ipset' || (old !== 'ipset' && old !== undefined)) return undefined;
  if (!existsSync(MODULE) || findProgram('ipset') === undefined) return undefined;
  try {
    await destroySets(await listOurSets());
    return undefined;
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    return `sets of the backend ipset are left: ${error.message}`;
  }
}
