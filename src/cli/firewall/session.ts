import type { Command } from 'commander';

import type { LoadedConfig } from '../../config/load.js';
import type { Backend, BackendName } from '../../firewall/backend.js';
import { chooseBackend } from '../../firewall/choose.js';
import { type Enforcer, settleOverdue } from '../../firewall/enforce.js';
import { FirewallFolder } from '../../firewall/generations.js';
import { planOf } from '../../firewall/open-plan.js';
import type { Plan } from '../../policy/plan.js';
import type { CountryData } from '../../sources/country-data.js';
import { UsageError } from '../../util/errors.js';
import { type DataOptions, openCountries, openListsOf } from '../data-options.js';
import { warn } from '../output.js';

/** What the firewall commands work with. */
export interface FirewallSession extends Enforcer {
  readonly loaded: LoadedConfig;
  readonly backend: Backend;
  /** Why this backend. */
  readonly reason: string;
}

/**
 * Opens the firewall of the configuration. Does a roll-back whose time has come first, whatever
 * the command is.
 *
 * @throws UsageError where the configuration has no firewall part
 */
export async function openFirewall(loaded: LoadedConfig): Promise<FirewallSession> {
  const { firewall, state } = loaded.config;
  if (firewall === undefined) {
    throw new UsageError(
      `${loaded.file ?? 'the configuration'} has no firewall part; see \`sekisho config example\``,
    );
  }
  const folder = new FirewallFolder(loaded.resolvePath(state));
  const wanted: BackendName | 'auto' = folder.read().current?.backend ?? firewall.backend;
  const { backend, reason } = await chooseBackend(
    firewall.backend === 'auto' ? wanted : firewall.backend,
  );
  const session = { loaded, backend, reason, folder };
  if (await settleOverdue(session, Date.now())) {
    warn('nobody confirmed the last apply in time: it was rolled back');
  }
  return session;
}

/** The plan, with the data it was made from, and whether no list lacks anything. */
export async function openPlan(
  loaded: LoadedConfig,
  options: DataOptions,
): Promise<{ plan: Plan; data: CountryData; complete: boolean }> {
  const data = await openCountries(options, loaded);
  const { lists, complete } = await openListsOf(loaded, data, options);
  return { plan: planOf(loaded, lists), data, complete };
}

export async function loadFor(options: DataOptions): Promise<LoadedConfig> {
  const { loadConfig } = await import('../../config/load.js');
  return loadConfig(options.config);
}

export function addForce(command: Command): Command {
  return command.option('--force', 'apply also what would lock out a session or an admin');
}
