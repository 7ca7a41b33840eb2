import type { Address } from '../ip/address.js';
import { type AddressSet, hasAddress } from '../ip/address-set.js';
import { BLOCKED_RULE, type Plan, type PlannedRule } from './plan.js';

/** A new flow, as a rule sees it. */
export interface Flow {
  /** The other end: source of what comes in, destination of what goes out. */
  readonly address: Address;
  readonly direction: 'in' | 'out';
  readonly protocol: 'tcp' | 'udp' | 'icmp' | 'other';
  /** Destination port as the client asked for it; undefined for protocols without ports. */
  readonly port: number | undefined;
  readonly interface?: string;
  /** Addressed to another host, to which this one routes it: not to us, and no DNAT of ours. */
  readonly routed?: boolean;
}

/** What decides over a flow, in the words of the configuration. */
export interface Verdict {
  readonly verdict: 'pass' | 'deny';
  /** The rule that denies, or that would deny if it were not observing. */
  readonly rule?: string;
  /** The list on account of which it does; undefined where the address is in none of `only`. */
  readonly list?: string;
  /** Why it passes or is denied, in a few words. */
  readonly reason: string;
}

/**
 * What a plan does with a new flow: the order of `Plan`, in pure code. Used to explain, and to
 * warn before somebody locks himself out; the kernel decides by its own rules, which the tests
 * hold against this function.
 */
export function judgeFlow(plan: Plan, flow: Flow): Verdict {
  if (flow.direction === 'in' && flow.routed === true && !plan.forwarded) {
    return pass('addressed to another host, and firewall.forwarded is false');
  }
  if (hasAddress(plan.admins, flow.address)) return pass('one of firewall.admins');
  const inList = (name: string): boolean => {
    const set: AddressSet | undefined = plan.lists.get(name);
    return set !== undefined && hasAddress(set, flow.address);
  };
  const allowed = plan.allow.find(inList);
  if (allowed !== undefined) return pass(`in ${allowed}, which firewall.allow names`);
  const blocked = flow.direction === 'in' ? plan.blocked.find(inList) : undefined;
  let observed: Verdict | undefined;
  if (blocked !== undefined) {
    const reason = `in ${blocked}, which is blocked on all ports`;
    if (!plan.observeBlocked) return { verdict: 'deny', rule: BLOCKED_RULE, list: blocked, reason };
    observed = {
      verdict: 'pass',
      rule: BLOCKED_RULE,
      list: blocked,
      reason: `${reason}; observed`,
    };
  }
  for (const rule of plan.rules) {
    const denied = denialOf(rule, flow, inList);
    if (denied === undefined) continue;
    if (!rule.observe) return denied;
    observed ??= { ...denied, verdict: 'pass', reason: `${denied.reason}; observed` };
  }
  return observed ?? pass('no rule denies it');
}

function pass(reason: string): Verdict {
  return { verdict: 'pass', reason };
}

function denialOf(
  rule: PlannedRule,
  flow: Flow,
  inList: (name: string) => boolean,
): Verdict | undefined {
  return isJudged(rule, flow) ? denialOfAddress(rule, flow.address, inList) : undefined;
}

/** What a rule says of an address where it judges its packets; undefined: it lets them pass. */
export function denialOfAddress(
  rule: PlannedRule,
  address: Address,
  inList: (name: string) => boolean,
): Verdict | undefined {
  const judgement = rule.judgements.get(address.family);
  if (judgement === undefined || rule.except.some(inList)) return undefined;
  if (judgement.kind === 'deny') {
    const list = judgement.lists.find(inList);
    if (list === undefined) return undefined;
    return { verdict: 'deny', rule: rule.name, list, reason: `rule ${rule.name} denies ${list}` };
  }
  if (judgement.lists.some(inList) || hasAddress(judgement.spared, address)) return undefined;
  const lists = judgement.lists.length > 0 ? judgement.lists.join(', ') : 'nobody';
  return { verdict: 'deny', rule: rule.name, reason: `rule ${rule.name} lets only ${lists} pass` };
}

function isJudged({ direction, interfaces, traffic }: PlannedRule, flow: Flow): boolean {
  if (direction !== flow.direction) return false;
  if (
    interfaces.length > 0 &&
    flow.interface !== undefined &&
    !interfaces.includes(flow.interface)
  ) {
    return false;
  }
  switch (flow.protocol) {
    case 'icmp':
      return traffic.icmp;
    case 'other':
      return traffic.others;
    default: {
      const { port } = flow;
      if (port === undefined) return false;
      return (traffic[flow.protocol] ?? []).some(
        ({ first, last }) => first <= port && port <= last,
      );
    }
  }
}
