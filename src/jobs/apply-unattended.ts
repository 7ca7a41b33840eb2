import type { LoadedConfig } from '../config/load.js';
import { configurationHash } from '../firewall/change-list.js';
import type { Backend, Difference } from '../firewall/backend.js';
import { applyPlan } from '../firewall/enforce.js';
import type { Generation } from '../firewall/generations.js';
import { handMadeFiles } from '../firewall/hand-made.js';
import { planOf } from '../firewall/open-plan.js';
import { contradictedAdmins } from '../firewall/safety/lock-out.js';
import type { List } from '../lists/catalogue.js';
import { EXIT, type ExitCode } from '../util/errors.js';
import { collectBefore, countingBackend } from './collect-before.js';
import { openFirewall } from './firewall-session.js';
import { followChanges } from './follow-changes.js';
import type { FirewallOutcome } from './last-update.js';
import type { Voice } from './voice.js';

/** What became of it. */
export interface UnattendedApply {
  readonly exitCode: ExitCode;
  readonly outcome: FirewallOutcome;
  /** How the kernel was not as the last apply had left it, a line each; put right now. */
  readonly driftRepaired: readonly string[];
  /** How the kernel differed before; where it was compared. */
  readonly difference?: Difference;
  /** Whether the kernel ends entries at their time without our help. */
  readonly endsByItself?: boolean;
}

/**
 * The apply at the end of an update. Nobody is there to ask: admins keep passing whatever
 * lists say, and what waits for a person (a confirmation, an apply after a roll-back) is left
 * alone, but for what was changed by hand in lists. What was denied until then goes into the
 * reports. The caller holds the lock of the state.
 */
export async function applyUnattended(
  loaded: LoadedConfig,
  lists: ReadonlyMap<string, List>,
  voice: Voice,
): Promise<UnattendedApply> {
  const { firewall, milter } = loaded.config;
  if (firewall === undefined) {
    const exitCode = milter && (await collectBefore({ loaded, backend: undefined }, voice));
    return { exitCode: exitCode ?? EXIT.done, outcome: 'none', driftRepaired: [] };
  }
  const session = await openFirewall(loaded, voice);
  const plan = planOf(loaded, lists);
  const counting = await countingBackend(session);
  const collected = await collectBefore({ loaded, backend: counting }, voice);
  const { pending, heldSince, current } = session.folder.read();
  if (pending !== undefined || heldSince !== undefined) await followChanges(session, voice);
  if (pending !== undefined) {
    voice.warn('the firewall was not touched: the last apply waits for `sekisho confirm`');
    return { exitCode: EXIT.partial, outcome: 'left alone', driftRepaired: [] };
  }
  if (heldSince !== undefined) {
    voice.warn(`the firewall was not touched: rolled back at ${heldSince}; run \`sekisho apply\``);
    return { exitCode: EXIT.partial, outcome: 'left alone', driftRepaired: [] };
  }
  const contradictions = contradictedAdmins(plan);
  for (const text of contradictions) voice.warn(`${text}; the admin keeps passing`);
  const difference = await session.backend.compare(plan);
  const { asleep = [] } = difference;
  for (const text of asleep) voice.warn(text);
  const drift = driftSince(current, session.backend, difference);
  const left: string[] = [];
  const changed = await applyPlan(session, plan, difference, {
    nowMs: Date.now(),
    warn: (text) => {
      left.push(text);
      voice.warn(text);
    },
    configuration: configurationHash(loaded),
    origin: { firewall, files: handMadeFiles(loaded) },
  });
  // where the next collection counts from
  if (counting !== session.backend) await collectBefore(session, voice);
  return {
    exitCode: contradictions.length + asleep.length + left.length > 0 ? EXIT.partial : collected,
    outcome: changed ? 'applied' : 'unchanged',
    driftRepaired: drift,
    difference,
    endsByItself: session.backend.name !== 'iptables',
  };
}

/**
 * What others did to our rules since the last apply. Rules that differ because the configuration
 * or the program is another one are no drift, and are told from that by the seal, where the
 * backend has one.
 */
function driftSince(
  current: Generation | undefined,
  backend: Backend,
  { present, rules }: Difference,
): readonly string[] {
  if (current?.backend !== backend.name) return [];
  if (!present) return ['nothing of ours was in the kernel any more'];
  const { seal } = current;
  if (seal === undefined || rules.length === 0 || backend.sealRules?.() === seal.rules) return [];
  return rules.map((text) => `rules: ${text}`);
}
