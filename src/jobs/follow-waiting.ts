import type { LoadedConfig } from '../config/load.js';
import { isInFirewall, joinedWith } from '../firewall/change-list.js';
import { openFirewall } from './firewall-session.js';
import { followChanges } from './follow-changes.js';
import type { Voice } from './voice.js';

/**
 * The kernel's part of a change by hand while a confirmation is waited for, or after a roll-back.
 * What has to wait is done by `sekisho confirm`. The caller holds the lock of the state.
 *
 * @returns whether the kernel holds all of the change
 */
export async function followWaiting(
  loaded: LoadedConfig,
  list: string,
  voice: Voice,
): Promise<boolean> {
  const session = await openFirewall(loaded, voice);
  const isFollowed = await followChanges(session, voice);
  const { current, pending, heldSince } = session.folder.read();
  const isHeld = current !== undefined && session.folder.readHandMade(current)?.has(list) === true;
  if (!isHeld && !isInFirewall(loaded.config, list)) return isFollowed;
  const joined = joinedWith(loaded.config.lists, list);
  if (isFollowed && isHeld && joined === undefined) return true;
  const reason = joined ?? (isHeld ? undefined : `the rules in the kernel have no list ${list}`);
  const until = pending === undefined ? '`sekisho apply`' : '`sekisho confirm`, or an apply';
  if (reason !== undefined) {
    voice.warn(
      `the kernel follows at ${until}: ${reason}` +
        (heldSince === undefined ? '' : ` (rolled back at ${heldSince})`),
    );
  }
  if (pending !== undefined) session.folder.write({ ...session.folder.read(), owed: true });
  return false;
}
