import type { LoadedConfig } from '../config/load.js';
import { isInFirewall, joinedWith } from '../firewall/change-list.js';
import type { Enforcer } from '../firewall/enforce.js';
import { followHandMade } from '../firewall/follow-hand-made.js';
import { KnownError } from '../util/errors.js';
import { openFirewall } from './firewall-session.js';
import type { Voice } from './voice.js';

/**
 * Brings what was changed by hand into rules that may not be replaced now. Never throws: it comes
 * after a roll-back, or beside what somebody asked for, and what fails here is told. The caller
 * holds the lock of the state.
 *
 * @returns whether the kernel holds what was changed by hand
 */
export async function followChanges(enforcer: Enforcer, voice: Voice): Promise<boolean> {
  const reason = await tryToFollow(enforcer, voice);
  if (reason === undefined) return true;
  voice.warn(`what was changed by hand in lists is not in the kernel: ${reason}`);
  return false;
}

async function tryToFollow(enforcer: Enforcer, voice: Voice): Promise<string | undefined> {
  try {
    const following = await followHandMade(enforcer, Date.now());
    if (!following.done) return following.reason;
    for (const text of following.notes) voice.warn(text);
    return undefined;
  } catch (error) {
    // a defect keeps its stack, but must not stand between a person and a roll-back
    if (error instanceof KnownError) return error.message;
    return String(error instanceof Error ? error.stack : error);
  }
}

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
