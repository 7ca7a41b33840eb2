import type { Command } from 'commander';

import type { LoadedConfig } from '../../config/load.js';
import {
  type FirewallSession,
  openFirewall as openAloud,
  lookAtFirewall as lookAloud,
  openPlan as openPlanAloud,
} from '../../jobs/firewall-session.js';
import type { DataOptions } from '../data-options.js';
import { VOICE } from '../output.js';

/** The job's `openFirewall`, which prints. */
export function openFirewall(loaded: LoadedConfig): Promise<FirewallSession> {
  return openAloud(loaded, VOICE);
}

/** The job's `lookAtFirewall`, which prints. */
export function lookAtFirewall(loaded: LoadedConfig, command: string): Promise<FirewallSession> {
  return lookAloud(loaded, command, VOICE);
}

/** The job's `openPlan`, which prints. */
export function openPlan(
  loaded: LoadedConfig,
  options: DataOptions,
): ReturnType<typeof openPlanAloud> {
  return openPlanAloud(loaded, options, VOICE);
}

export async function loadFor(options: DataOptions): Promise<LoadedConfig> {
  const { loadConfig } = await import('../../config/load.js');
  return loadConfig(options.config);
}

export function addForce(command: Command): Command {
  return command
    .option('--force', 'apply also what would lock out a session or denies an admin')
    .option('--force-admins', 'apply also what denies an admin, who keeps passing all the same');
}
