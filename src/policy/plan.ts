import type { AddressSet } from '../ip/address-set.js';
import type { Family } from '../ip/family.js';
import { type TimedAddressSet, timedOf } from '../ip/timed-address-set.js';

/** Ports from first to last, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** What a rule judges. Whatever is not named passes. */
export interface Traffic {
  /** TCP connections (SYN without ACK) to these ports; undefined: none. */
  readonly tcp: readonly PortRange[] | undefined;
  /** New UDP flows to these ports; undefined: none. */
  readonly udp: readonly PortRange[] | undefined;
  /** ICMP and ICMPv6 requests. */
  readonly icmp: boolean;
  /** New flows of every other protocol (GRE, ESP, SCTP, …). */
  readonly others: boolean;
}

/** Every port. */
export const ALL_PORTS: readonly PortRange[] = [{ first: 0, last: 65535 }];

/** What a rule decides in one family. */
export type Judgement =
  /** Deny who is in one of the lists. */
  | { readonly kind: 'deny'; readonly lists: readonly string[] }
  /** Deny who is in none of the lists (none at all: everybody). */
  | {
      readonly kind: 'only';
      readonly lists: readonly string[];
      /** Ranges that pass besides: private addresses, unless they are to be judged. */
      readonly spared: AddressSet;
    };

export interface PlannedRule {
  readonly name: string;
  readonly direction: 'in' | 'out';
  /** Names of interfaces; empty: all. */
  readonly interfaces: readonly string[];
  readonly traffic: Traffic;
  /** By family; a family that is absent is not judged. */
  readonly judgements: ReadonlyMap<Family, Judgement>;
  /** Lists whose addresses are never denied by this rule. */
  readonly except: readonly string[];
  readonly action: 'drop' | 'reject';
  readonly observe: boolean;
  readonly log: boolean;
}

/**
 * What the kernel is to hold, whatever enforces it. In this order, on every backend: loopback,
 * ICMP errors, neighbour and router discovery and MLD, DHCP pass; then `admins` and `allow`
 * pass; `blocked` is denied, new and running inbound connections, never replies to our own;
 * established and related pass; then the rules in order. A rule only denies.
 */
export interface Plan {
  /** Never denied, whatever else is said. */
  readonly admins: AddressSet;
  /** Names of lists that pass before every deny. */
  readonly allow: readonly string[];
  /** Names of hand-made lists that are denied at once, on all ports. */
  readonly blocked: readonly string[];
  /** Whether `blocked` only counts. */
  readonly observeBlocked: boolean;
  /**
   * Whether `blocked` and `in` rules also judge what this host routes on to others. Without it
   * they judge what is addressed to this host, also where DNAT then sends it elsewhere.
   */
  readonly forwarded: boolean;
  readonly rules: readonly PlannedRule[];
  /** Every list that is referred to, with what it holds. */
  readonly lists: ReadonlyMap<string, AddressSet>;
  /**
   * When each address of a list ends, of those lists that have or can get such: all that was
   * ever named, also what has run out, so that a plan is the same while the configuration is.
   */
  readonly times: ReadonlyMap<string, TimedAddressSet>;
  readonly hits: { readonly size: number; readonly timeoutSeconds: number };
}

/** The name under which what `blocked` denies is counted. */
export const BLOCKED_RULE = 'blocked';

/** Stands for the list where an `only` rule denies: who is in none. */
export const OUTSIDE = 'outside';

/** Whether a list names any address of a family, be it one that has run out. */
export function namesAny(
  { lists, times }: Pick<Plan, 'lists' | 'times'>,
  list: string,
  family: Family,
): boolean {
  const timed = times.get(list);
  if (timed !== undefined) return !timedOf(timed, family).isEmpty;
  const set = lists.get(list);
  return set !== undefined && !(family === 4 ? set.v4 : set.v6).isEmpty;
}
