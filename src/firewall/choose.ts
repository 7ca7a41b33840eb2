import { SystemError } from '../util/errors.js';
import { BACKEND_NAMES, type Backend, type BackendName } from './backend.js';
import { IpsetBackend } from './iptables/ipset-backend.js';
import { IptablesBackend } from './iptables/iptables-backend.js';
import { NftablesBackend } from './nftables/backend.js';
import { bestElementPath } from './nftables/netlink-elements.js';

/** The backends that are built, by name. */
const BACKENDS: Readonly<Record<BackendName, () => Backend>> = {
  nftables: () => new NftablesBackend(bestElementPath()),
  ipset: () => new IpsetBackend(),
  iptables: () => new IptablesBackend(),
};

export function backendNamed(name: BackendName): Backend {
  return BACKENDS[name]();
}

/** A backend, and why it was taken. */
export interface Choice {
  readonly backend: Backend;
  readonly reason: string;
}

/**
 * The backend that the configuration names, or for `auto` the best that works here.
 *
 * @param applied the one that was applied last, which `auto` keeps while it works: what it holds
 *   would have to be taken out otherwise
 * @throws SystemError where none can be used, with the reason for each
 */
export async function chooseBackend(
  wanted: BackendName | 'auto',
  applied?: BackendName,
): Promise<Choice> {
  const obstacles: string[] = [];
  for (const name of namesFor(wanted, applied)) {
    const backend = backendNamed(name);
    const obstacle = await backend.findObstacle();
    if (obstacle === undefined) {
      const others = obstacles.length > 0 ? ` (${obstacles.join('; ')})` : '';
      if (wanted !== 'auto') return { backend, reason: 'configured' };
      if (name === applied) return { backend, reason: 'auto: as at the last apply' };
      return { backend, reason: `auto: the best that works here${others}` };
    }
    obstacles.push(`${name}: ${obstacle}`);
  }
  throw new SystemError(`no firewall can be used here: ${obstacles.join('; ')}`);
}

function namesFor(
  wanted: BackendName | 'auto',
  applied: BackendName | undefined,
): ReadonlySet<BackendName> {
  if (wanted !== 'auto') return new Set([wanted]);
  return new Set([...(applied ? [applied] : []), ...BACKEND_NAMES]);
}
