import { type Finding, finding } from '../finding.js';
import type { SystemResolvers } from '../look/resolv-conf.js';
import { publicResolverOwner } from '../public-resolvers.js';

/** Whether questions about clients go to a resolver of others; pure. */
export function checkPublicResolvers({ file, servers, upstreams }: SystemResolvers): Finding[] {
  return [...new Set([...servers, ...upstreams])].flatMap((address) => {
    const OWNER = publicResolverOwner(address);
    if (OWNER === undefined) return [];
    const isBehind = !servers.includes(address);
    return [
      finding('public-resolver', {
        RESOLV_CONF: isBehind ? 'systemd-resolved' : file,
        ADDRESS: address,
        OWNER,
      }),
    ];
  });
}
