import type { LoadedConfig } from '../config/load.js';
import type { Backend } from '../firewall/backend.js';
import { chooseBackend } from '../firewall/choose.js';
import { type Enforcer, isOverdue } from '../firewall/enforce.js';
import { FirewallFolder } from '../firewall/generations.js';
import { planOf } from '../firewall/open-plan.js';
import type { Plan } from '../policy/plan.js';
import type { CountryData } from '../sources/country-data.js';
import { KnownError, SystemError, UsageError, messageOf } from '../util/errors.js';
import { type DataChoice, openConfiguredLists, openDataOfLists } from './open-data.js';
import { rollBackAndCollect } from './reported-roll-back.js';
import { withStateLock } from './state-lock.js';
import type { Voice } from './voice.js';

/** What the firewall commands work with. */
export interface FirewallSession extends Enforcer {
  readonly loaded: LoadedConfig;
  readonly backend: Backend;
  /** Why this backend. */
  readonly reason: string;
}

/**
 * Opens the firewall of the configuration, for a command that holds the lock of the state. Does
 * a roll-back whose time has come first, whatever the command is.
 *
 * @throws UsageError where the configuration has no firewall part
 */
export async function openFirewall(loaded: LoadedConfig, voice: Voice): Promise<FirewallSession> {
  const session = await findFirewall(loaded);
  await settle(session, voice);
  return session;
}

/**
 * The same for a command that only looks, without the lock: a roll-back whose time has come
 * takes the lock for itself. Where that cannot be had, or the roll-back fails, a line says so.
 *
 * @param command as `sekisho status`, for those who wait for the lock
 */
export async function lookAtFirewall(
  loaded: LoadedConfig,
  command: string,
  voice: Voice,
): Promise<FirewallSession> {
  const session = await findFirewall(loaded);
  if (!isOverdue(session, Date.now())) return session;
  try {
    const settled = await withStateLock(loaded, command, voice, () => settle(session, voice));
    if (settled === undefined)
      voice.warn(`${OVERDUE}: the roll-back is left to the run that works here`);
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    voice.warn(error.message);
  }
  return session;
}

const OVERDUE = 'nobody confirmed the last apply in time';

/** @throws SystemError where the roll-back fails, for whatever reason: files may be damaged */
async function settle(session: FirewallSession, voice: Voice): Promise<boolean> {
  if (!isOverdue(session, Date.now())) return false;
  try {
    await rollBackAndCollect(session, voice);
  } catch (error) {
    throw new SystemError(
      `${OVERDUE}, and it cannot be rolled back: ${messageOf(error)}; \`sekisho flush\` takes ` +
        'everything of ours out of the kernel',
      { cause: error },
    );
  }
  voice.warn(`${OVERDUE}: it was rolled back`);
  return true;
}

async function findFirewall(loaded: LoadedConfig): Promise<FirewallSession> {
  const { firewall, state } = loaded.config;
  if (firewall === undefined) {
    throw new UsageError(
      `${loaded.file ?? 'the configuration'} has no firewall part; see \`sekisho config example\``,
    );
  }
  const folder = new FirewallFolder(loaded.resolvePath(state));
  const { backend, reason } = await chooseBackend(firewall.backend, folder.read().current?.backend);
  return { loaded, backend, reason, folder };
}

/** The plan, with the data it was made from, and whether no list lacks anything. */
export async function openPlan(
  loaded: LoadedConfig,
  choice: DataChoice,
  voice: Voice,
): Promise<{ plan: Plan; data: CountryData; complete: boolean }> {
  const data = await openDataOfLists(loaded, choice, voice);
  const { lists, complete } = await openConfiguredLists(loaded, data, choice, voice);
  return { plan: planOf(loaded, lists), data, complete };
}
