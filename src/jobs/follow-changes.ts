import type { Enforcer } from '../firewall/enforce.js';
import { followHandMade } from '../firewall/follow-hand-made.js';
import { faultOf } from '../util/errors.js';
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
    return faultOf(error);
  }
}
