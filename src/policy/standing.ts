import type { Address } from '../ip/address.js';
import { hasAddress } from '../ip/address-set.js';
import { ALL_PORTS, BLOCKED_RULE, type Plan, type PlannedRule, type Traffic } from './plan.js';
import { denialOfAddress } from './verdict.js';

/** A rule that denies an address, or would if it did not observe. */
export interface Denial {
  readonly rule: string;
  /** The list on account of which it does; undefined where the address is in none of `only`. */
  readonly list?: string;
  readonly reason: string;
  readonly action: PlannedRule['action'];
  readonly direction: PlannedRule['direction'];
  /** Names of interfaces; empty: all. */
  readonly interfaces: readonly string[];
  readonly traffic: Traffic;
  /** It only counts. */
  readonly observes: boolean;
}

/** What a plan does with an address, whatever it sends. */
export interface Standing {
  /** Whether the address is one of `firewall.admins`. */
  readonly isAdmin: boolean;
  /** Lists of `firewall.allow` that hold it. With one, or as an admin, it passes every rule. */
  readonly allow: readonly string[];
  /** In the order in which they are judged; also where the address passes all of them. */
  readonly denials: readonly Denial[];
}

const EVERYTHING: Traffic = { tcp: ALL_PORTS, udp: ALL_PORTS, icmp: true, others: true };

/** Where an address stands in a plan. Pure; `judgeFlow` tells of a single flow. */
export function standingOf(plan: Plan, address: Address): Standing {
  const inList = (name: string): boolean => {
    const set = plan.lists.get(name);
    return set !== undefined && hasAddress(set, address);
  };
  const blocked = plan.blocked.filter(inList).map((list): Denial => ({
    rule: BLOCKED_RULE,
    list,
    reason: `in ${list}, which is blocked on all ports`,
    action: 'drop',
    direction: 'in',
    interfaces: [],
    traffic: EVERYTHING,
    observes: plan.observeBlocked,
  }));
  const ruled = plan.rules.flatMap((rule): Denial[] => {
    const denied = denialOfAddress(rule, address, inList);
    if (denied === undefined) return [];
    return [
      {
        rule: rule.name,
        ...(denied.list !== undefined && { list: denied.list }),
        reason: denied.reason,
        action: rule.action,
        direction: rule.direction,
        interfaces: rule.interfaces,
        traffic: rule.traffic,
        observes: rule.observe,
      },
    ];
  });
  return {
    isAdmin: hasAddress(plan.admins, address),
    allow: plan.allow.filter(inList),
    denials: [...blocked, ...ruled],
  };
}

/** Traffic in words, as in `tcp 25, 465-587, udp 53, icmp`. */
export function trafficText({ tcp, udp, icmp, others }: Traffic): string {
  if (tcp === ALL_PORTS && udp === ALL_PORTS && others) return icmp ? 'everything' : 'all but icmp';
  const parts = (
    [
      ['tcp', tcp],
      ['udp', udp],
    ] as const
  ).flatMap(([protocol, ports]) => {
    if (ports === undefined) return [];
    if (ports === ALL_PORTS) return [`all ${protocol}`];
    const texts = ports.map(({ first, last }) =>
      first === last ? `${first}` : `${first}-${last}`,
    );
    return [`${protocol} ${texts.join(', ')}`];
  });
  if (icmp) parts.push('icmp');
  if (others) parts.push('other protocols');
  return parts.join(', ');
}
