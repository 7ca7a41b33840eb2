import type { Variant } from './firewall-network.js';

/** Every backend, by every way in which it reaches the kernel. */
export const VARIANTS: Variant[] = [
  { backend: 'nftables', elements: 'nft' },
  { backend: 'nftables', elements: 'netlink' },
  { backend: 'ipset', iptables: 'nft' },
  { backend: 'ipset', iptables: 'legacy' },
  { backend: 'iptables', iptables: 'nft' },
  { backend: 'iptables', iptables: 'legacy' },
];

/** What a test of a variant in a network of its own needs. */
export function needsOf({ backend, iptables }: Variant): string[] {
  const programs = iptables
    ? [`iptables-${iptables}-restore`, `ip6tables-${iptables}-restore`]
    : [];
  return ['namespace', 'ip', 'nft', 'perl', ...(backend === 'ipset' ? ['ipset'] : []), ...programs];
}
