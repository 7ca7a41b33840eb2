import { formatAddress } from '../../ip/address.js';
import type { AddressSet } from '../../ip/address-set.js';
import { intersect } from '../../ip/algebra.js';
import { rangeText } from '../../formats/text.js';
import { BLOCKED_RULE, type Plan } from '../../policy/plan.js';
import { judgeFlow } from '../../policy/verdict.js';
import type { SessionPeer } from './sessions.js';

/** Where sshd listens unless the session says otherwise. */
const SSH_PORT = 22;

/** Sessions whose owner could not log in again under this plan; a line each. */
export function lockedOutPeers(plan: Plan, peers: readonly SessionPeer[]): string[] {
  return peers.flatMap(({ address, port = SSH_PORT, source }) => {
    const { verdict, reason } = judgeFlow(plan, {
      address,
      direction: 'in',
      protocol: 'tcp',
      port,
    });
    if (verdict === 'pass') return [];
    return [`${formatAddress(address)} (${source}) would be denied on port ${port}: ${reason}`];
  });
}

/**
 * Admins who stand on a list that is denied; a line each. The kernel lets them pass all the
 * same, so an unattended update goes on; a person is told that two wishes contradict. An
 * `only` rule that does not name them is no contradiction: for that there are admins.
 */
export function contradictedAdmins(plan: Plan): string[] {
  const denied = [
    ...plan.blocked.map((list) => ({ rule: BLOCKED_RULE, list })),
    ...plan.rules.flatMap((rule) => {
      const lists = [...rule.judgements.values()].flatMap((judgement) =>
        judgement.kind === 'deny' && rule.direction === 'in' ? judgement.lists : [],
      );
      return [...new Set(lists)].map((list) => ({ rule: rule.name, list }));
    }),
  ];
  return denied.flatMap(({ rule, list }) => {
    const common = commonTexts(plan.admins, plan.lists.get(list));
    return common.map((text) => `admin ${text} is in list ${list}, which ${ruleText(rule)} denies`);
  });
}

function ruleText(rule: string): string {
  return rule === BLOCKED_RULE ? 'firewall.blocked' : `rule ${rule}`;
}

function commonTexts(a: AddressSet, b: AddressSet | undefined): string[] {
  if (b === undefined) return [];
  return [intersect(a.v4, b.v4), intersect(a.v6, b.v6)].flatMap((set) =>
    Array.from({ length: set.length }, (_, k) => rangeText(set, k * set.words)),
  );
}
