import type { LoadedConfig } from '../config/load.js';
import { differs } from '../firewall/enforce.js';
import { changeLines } from '../firewall/describe.js';
import { FirewallFolder } from '../firewall/generations.js';
import { EXIT, type ExitCode, SystemError } from '../util/errors.js';
import { applyUnattended } from './apply-unattended.js';
import { collectBefore } from './collect-before.js';
import { openFirewall } from './firewall-session.js';
import { expireEntries } from './expire-entries.js';
import { followChanges } from './follow-changes.js';
import { openConfiguredLists, openDataOfLists } from './open-data.js';
import { type LockWait, withStateLock } from './state-lock.js';
import type { Voice } from './voice.js';

export interface TendWishes extends LockWait {
  readonly voice: Voice;
  /** Whether the kernel is compared with the configuration and put right, too. */
  readonly repair: boolean;
}

/** What was found and done. */
export interface Tended {
  readonly exitCode: ExitCode;
  /** Whether the kernel was compared: not where that was not asked for, or nothing may be done. */
  readonly isCompared: boolean;
  /** Whether the kernel held nothing of ours at all. */
  readonly wasEmpty: boolean;
  /** What differed and was put right, a line each; empty where nothing did. */
  readonly difference: readonly string[];
  /** Why nothing may be put right now. */
  readonly heldBack?: string;
  /** When the next entry, or feed, ends that the kernel does not end by itself; milliseconds since 1970. */
  readonly nextEndMs?: number;
}

const DIFFERENCES_TOLD = 20;

/**
 * What the firewall needs between two updates: a roll-back whose time has come, the collection of
 * what was denied, and an apply where the kernel differs from the configuration.
 *
 * @returns undefined where another run holds the lock, which was said
 */
export async function tend(loaded: LoadedConfig, wishes: TendWishes): Promise<Tended | undefined> {
  return withStateLock(loaded, 'sekisho run', wishes.voice, () => work(loaded, wishes), wishes);
}

async function work(loaded: LoadedConfig, { voice, repair, signal }: TendWishes): Promise<Tended> {
  const nothing: Tended = {
    exitCode: EXIT.done,
    isCompared: false,
    wasEmpty: false,
    difference: [],
  };
  if (loaded.config.firewall === undefined) {
    return { ...nothing, exitCode: await collectBefore({ loaded, backend: undefined }, voice) };
  }
  const folder = new FirewallFolder(loaded.resolvePath(loaded.config.state));
  const heldBack = (): Pick<Tended, 'heldBack'> => {
    const { pending, heldSince } = folder.read();
    if (pending !== undefined) return { heldBack: 'an apply waits for `sekisho confirm`' };
    if (heldSince === undefined) return {};
    return { heldBack: `rolled back at ${heldSince}, until somebody runs \`sekisho apply\`` };
  };
  if (!repair || heldBack().heldBack !== undefined) {
    const session = await openFirewall(loaded, voice);
    const exitCode = await collectBefore(session, voice);
    if (repair) await followChanges(session, voice);
    return { ...nothing, exitCode, ...heldBack() };
  }
  if (folder.read().current?.backend === 'iptables') {
    // elsewhere the kernel drops what has ended; here its rules stay until its line counts no more
    for (const text of expireEntries(loaded, Date.now()).faults) voice.warn(text);
  }
  const data = await openDataOfLists(loaded, {}, voice);
  const {
    lists,
    complete,
    nextStaleMs = Infinity,
  } = await openConfiguredLists(loaded, data, {}, voice);
  if (signal?.aborted) throw new SystemError('told to stop before the firewall was compared');
  const applied = await applyUnattended(loaded, lists, voice);
  const { difference, exitCode } = applied;
  if (difference === undefined) return { ...nothing, exitCode, ...heldBack() };
  const entryEndMs = applied.endsByItself ? undefined : nextEndOf(lists, Date.now());
  const nextEndMs = Math.min(entryEndMs ?? Infinity, nextStaleMs);
  return {
    exitCode: complete ? exitCode : EXIT.partial,
    isCompared: true,
    wasEmpty: !difference.present,
    difference: differs(difference) ? changeLines(difference).slice(0, DIFFERENCES_TOLD) : [],
    ...(nextEndMs !== Infinity && { nextEndMs }),
  };
}

function nextEndOf(
  lists: ReadonlyMap<string, { readonly entries: readonly { readonly untilMs?: number }[] }>,
  nowMs: number,
): number | undefined {
  let next: number | undefined;
  for (const { entries } of lists.values()) {
    for (const { untilMs } of entries) {
      if (untilMs === undefined || untilMs <= nowMs) continue;
      if (next === undefined || untilMs < next) next = untilMs;
    }
  }
  return next;
}
