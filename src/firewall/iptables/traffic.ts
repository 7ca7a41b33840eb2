import type { Family } from '../../ip/family.js';
import type { PortRange, Traffic } from '../../policy/plan.js';

/*
 * Matches of iptables-extensions(8), in the words in which iptables-save prints them.
 */

export const ANSWERED = '-m conntrack --ctstate RELATED,ESTABLISHED';
/** The packet goes in the direction in which its connection was opened. */
export const ORIGINAL_DIRECTION = '-m conntrack --ctdir ORIGINAL';

/**
 * Before DNAT: the packet is addressed to another host. What is broadcast, multicast or anycast
 * is for us too. In IPv6 the type UNICAST says how an address looks, so that ours have it as
 * well, and the others are asked for; fe00::/7 is what no router sends on or has multicast.
 */
export const ROUTED_ON: Readonly<Record<Family, string>> = {
  4: '-m addrtype --dst-type UNICAST',
  6: '! -d fe00::/7 -m addrtype ! --dst-type LOCAL,ANYCAST,UNREACHABLE',
};

/** Errors; in IPv6 also neighbour and router discovery (RFC 4861) and MLD (RFC 2710, 3810). */
const ICMP_NEEDED: Readonly<Record<Family, readonly number[]>> = {
  4: [3, 11, 12],
  6: [1, 2, 3, 4, 133, 134, 135, 136, 137, 130, 131, 132, 143],
};

/** Ports of DHCP and DHCPv6, the server's first. */
const DHCP: Readonly<Record<Family, readonly [number, number]>> = { 4: [67, 68], 6: [547, 546] };

const ICMP: Readonly<Record<Family, { protocol: string; type: string }>> = {
  4: { protocol: '-p icmp', type: '-p icmp -m icmp --icmp-type' },
  6: { protocol: '-p ipv6-icmp', type: '-p ipv6-icmp -m icmp6 --icmpv6-type' },
};

/** What a network needs to work at all, from any address (RFC 4890). */
export function neededTraffic(family: Family): string[] {
  const [server, client] = DHCP[family];
  return [
    ...ICMP_NEEDED[family].map((type) => `${ICMP[family].type} ${type}`),
    `-p udp -m udp --sport ${server} --dport ${client}`,
    `-p udp -m udp --sport ${client} --dport ${server}`,
  ];
}

/**
 * Matches for the traffic that a rule judges, of which a packet meets at most one. Protocols
 * that are none of `protocolsWithMatch` are not among them.
 */
export function trafficMatches({ tcp, udp, icmp }: Traffic, family: Family): string[] {
  return [
    ...portMatches(tcp).map((ports) => `-p tcp -m tcp --tcp-flags SYN,ACK SYN${ports}`),
    ...portMatches(udp).map((ports) => `-p udp${ports}`),
    ...(icmp ? [ICMP[family].protocol] : []),
  ];
}

/** The protocols that `others` leaves out. */
export function protocolsWithMatch(family: Family): string[] {
  return ['-p tcp', '-p udp', ICMP[family].protocol];
}

/** A multiport match takes 15 ports; a range counts as two. */
const MULTIPORT_ROOM = 15;

function portMatches(ports: readonly PortRange[] | undefined): string[] {
  if (ports === undefined) return [];
  if (ports.some(({ first, last }) => first === 0 && last === 65535)) return [''];
  const groups: string[][] = [];
  let room = 0;
  for (const { first, last } of ports) {
    const size = first === last ? 1 : 2;
    if (size > room) {
      groups.push([]);
      room = MULTIPORT_ROOM;
    }
    room -= size;
    groups.at(-1)?.push(first === last ? String(first) : `${first}:${last}`);
  }
  return groups.map((group) => ` -m multiport --dports ${group.join(',')}`);
}
