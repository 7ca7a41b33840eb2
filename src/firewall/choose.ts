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
 * @throws SystemError where none can be used, with the reason for each
 */
export async function chooseBackend(wanted: BackendName | 'auto'): Promise<Choice> {
  const obstacles: string[] = [];
  for (const name of wanted === 'auto' ? BACKEND_NAMES : [wanted]) {
    const backend = backendNamed(name);
    const obstacle = await backend.findObstacle();
    if (obstacle === undefined) {
      const others = obstacles.length > 0 ? ` (${obstacles.join('; ')})` : '';
      return {
        backend,
        reason: wanted === 'auto' ? `the best that works here${others}` : 'configured',
      };
    }
    obstacles.push(`${name}: ${obstacle}`);
  }
  throw new SystemError(`no firewall can be used here: ${obstacles.join('; ')}`);
}
