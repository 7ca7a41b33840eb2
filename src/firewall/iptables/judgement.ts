import { forEachPrefixText } from '../../formats/text.js';
import type { Family } from '../../ip/family.js';
import type { RangeSet } from '../../ip/range-set.js';
import {
  BLOCKED_RULE,
  OUTSIDE,
  type Judgement,
  type Plan,
  type PlannedRule,
  namesAny,
} from '../../policy/plan.js';
import {
  BLOCKED_CHAIN,
  IN_CHAIN,
  OUT_CHAIN,
  REJECT_CHAIN,
  countChain,
  countComment,
  denyChain,
  logPrefix,
  othersChain,
  ruleChain,
} from './names.js';
import {
  ANSWERED,
  ORIGINAL_DIRECTION,
  ROUTED_ON,
  neededTraffic,
  protocolsWithMatch,
  trafficMatches,
} from './traffic.js';

/** Which end of a packet a rule looks at. */
export type End = 'src' | 'dst';

/** A rule that asks whether an address is in a list; how, is the backend's affair. */
export interface ListRule {
  readonly list: string;
  readonly end: End;
  /** What happens to those in the list: `-j RETURN`, `-j CHAIN` or `-g CHAIN`. */
  readonly verdict: string;
}

/** A rule as text behind `-A CHAIN `, or a question to a list. */
export type JudgeRule = string | ListRule;

export interface JudgeChain {
  readonly name: string;
  readonly rules: readonly JudgeRule[];
}

/** A rule of ours in a chain of the kernel's: at the first place, `-j target`. */
export interface Hook {
  readonly chain: string;
  readonly target: string;
}

/** What our chains are to do in one family. */
export interface Judgements {
  /**
   * Judges at mangle's priority (−150): after conntrack, before DNAT, so ports are those that
   * the client asked for, as on nftables; and docker, ufw, firewalld and fail2ban, which put
   * their rules first in filter and nat, have none here that could open what we close.
   */
  readonly mangle: readonly JudgeChain[];
  readonly mangleHooks: readonly Hook[];
  /** Target REJECT stands only in filter: it turns away what was marked before. */
  readonly filter: readonly JudgeChain[];
  readonly filterHooks: readonly Hook[];
}

/**
 * The half of the packet mark that says `to be rejected`. The lower half is left as it is: it
 * is where docker, kubernetes and VPNs set bits of their own.
 */
const REJECT_MARK = '0x5e6b0000/0xffff0000';

const REJECT_WITH: Readonly<Record<Family, string>> = {
  4: 'icmp-admin-prohibited',
  6: 'icmp6-adm-prohibited',
};

/**
 * Makes the chains of a plan for one family. Pure. Whoever passes returns to where the hook
 * was, so that nothing is opened that another firewall closes.
 */
export function judgementsOf(plan: Plan, family: Family): Judgements {
  return new JudgementBuilder(plan, family).build();
}

class JudgementBuilder {
  readonly #plan: Plan;
  readonly #family: Family;
  readonly #chains: JudgeChain[] = [];
  readonly #hooks: Hook[] = [];
  /** Chains of filter through which packets go that may be marked. */
  readonly #rejecting = new Set<string>();

  constructor(plan: Plan, family: Family) {
    this.#plan = plan;
    this.#family = family;
  }

  build(): Judgements {
    const blocked = this.#blockedRules();
    const incoming = this.#judged('in');
    // what is to be rejected is judged already: filter answers it, and no out rule drops it before
    const rejected = this.#rejecting.size > 0 ? [`-m mark --mark ${REJECT_MARK} -j RETURN`] : [];
    const outgoing = this.#judged('out');
    if (blocked.length + incoming.length > 0) {
      const rules = [
        ...this.#passing('src', '-i'),
        ...blocked,
        PASS_ANSWERED,
        // behind the established: a packet of theirs costs no look at the routes
        ...this.#passRoutedOn(),
        ...incoming,
      ];
      this.#judge(IN_CHAIN, rules, ['PREROUTING']);
    }
    if (outgoing.length > 0) {
      const rules = [...rejected, ...this.#passing('dst', '-o'), PASS_ANSWERED, ...outgoing];
      this.#judge(OUT_CHAIN, rules, ['OUTPUT', 'FORWARD']);
    }
    const rejecting = [...this.#rejecting].sort();
    return {
      mangle: this.#chains,
      mangleHooks: this.#hooks,
      filter: rejecting.length > 0 ? [rejectChain(this.#family)] : [],
      filterHooks: rejecting.map((chain) => ({ chain, target: REJECT_CHAIN })),
    };
  }

  #judge(name: string, rules: JudgeRule[], hooks: readonly string[]): void {
    this.#chains.push({ name, rules });
    for (const chain of hooks) this.#hooks.push({ chain, target: name });
  }

  /** What passes before anything is judged. */
  #passing(end: End, interfaceOption: '-i' | '-o'): JudgeRule[] {
    const { admins, allow } = this.#plan;
    return [
      `${interfaceOption} lo -j RETURN`,
      ...neededTraffic(this.#family).map((match) => `${match} -j RETURN`),
      ...passPrefixes(this.#family === 4 ? admins.v4 : admins.v6, end),
      ...this.#passLists(allow, end),
    ];
  }

  #passLists(lists: readonly string[], end: End): ListRule[] {
    return [...new Set(lists)]
      .filter((list) => namesAny(this.#plan, list, this.#family))
      .map((list) => ({ list, end, verdict: '-j RETURN' }));
  }

  #passRoutedOn(): string[] {
    return this.#plan.forwarded ? [] : [`${ROUTED_ON[this.#family]} -j RETURN`];
  }

  /** The lists are asked also while they are empty: `block` fills them. */
  #blockedRules(): JudgeRule[] {
    const { blocked, observeBlocked } = this.#plan;
    if (blocked.length === 0) return [];
    const rules = [...new Set(blocked)].map((list): ListRule => {
      const how = { action: 'drop', observe: observeBlocked, log: false } as const;
      const chain = this.#denyChain(BLOCKED_RULE, list, how, this.#passRoutedOn());
      return { list, end: 'src', verdict: `-j ${chain}` };
    });
    this.#chains.push({ name: BLOCKED_CHAIN, rules });
    return [`${ORIGINAL_DIRECTION} -j ${BLOCKED_CHAIN}`];
  }

  #judged(direction: 'in' | 'out'): JudgeRule[] {
    return this.#plan.rules
      .filter((rule) => rule.direction === direction)
      .flatMap((rule) => {
        const judgement = rule.judgements.get(this.#family);
        return judgement ? this.#ruleJumps(rule, judgement) : [];
      });
  }

  /** Makes the rule's own chain, and tells the rules that lead to it. */
  #ruleJumps(rule: PlannedRule, judgement: Judgement): string[] {
    const end: End = rule.direction === 'in' ? 'src' : 'dst';
    const name = ruleChain(rule.name);
    this.#chains.push({
      name,
      rules: [...this.#passLists(rule.except, end), ...this.#verdicts(rule, judgement, end)],
    });
    if (rule.action === 'reject' && !rule.observe) {
      this.#rejecting.add(rule.direction === 'in' ? 'INPUT' : 'OUTPUT').add('FORWARD');
    }
    const jumps = trafficMatches(rule.traffic, this.#family).map((match) => `${match} -j ${name}`);
    if (rule.traffic.others) jumps.push(`-j ${this.#othersChain(rule.name)}`);
    if (rule.interfaces.length === 0) return jumps;
    const option = rule.direction === 'in' ? '-i' : '-o';
    return rule.interfaces.flatMap((port) => jumps.map((jump) => `${option} ${port} ${jump}`));
  }

  #verdicts(rule: PlannedRule, judgement: Judgement, end: End): JudgeRule[] {
    if (judgement.kind === 'deny') {
      return [...new Set(judgement.lists)].map((list) => ({
        list,
        end,
        verdict: `-g ${this.#denyChain(rule.name, list, rule)}`,
      }));
    }
    const { spared, lists } = judgement;
    return [
      ...passPrefixes(this.#family === 4 ? spared.v4 : spared.v6, end),
      ...lists.map((list) => ({ list, end, verdict: '-j RETURN' })),
      `-g ${this.#denyChain(rule.name, OUTSIDE, rule)}`,
    ];
  }

  #othersChain(rule: string): string {
    const name = othersChain(rule);
    const rules = protocolsWithMatch(this.#family).map((match) => `${match} -j RETURN`);
    this.#chains.push({ name, rules: [...rules, `-g ${ruleChain(rule)}`] });
    return name;
  }

  /**
   * Counting has a chain of its own, which stays as it is whatever else changes: ip6tables-nft
   * 1.8.9 loads no counts (`[7:700] -A …` gives 0:0), so what is written anew begins at 0.
   */
  #denyChain(
    rule: string,
    list: string,
    how: Pick<PlannedRule, 'action' | 'observe' | 'log'>,
    passing: readonly string[] = [],
  ): string {
    const name = denyChain(rule, list);
    const counting = countChain(rule, list);
    this.#chains.push({
      name: counting,
      rules: [`-m comment --comment "${countComment(rule, list)}"`],
    });
    const rules = [...passing, `-j ${counting}`];
    if (how.log) {
      rules.push(`-m limit --limit 5/min -j LOG --log-prefix "${logPrefix(rule, list)}"`);
    }
    if (!how.observe) rules.push(...denials(how.action));
    this.#chains.push({ name, rules });
    return name;
  }
}

const PASS_ANSWERED = `${ANSWERED} -j RETURN`;

function denials(action: 'drop' | 'reject'): string[] {
  if (action === 'drop') return ['-j DROP'];
  // ACCEPT: later rules of mangle are for packets that go on
  return [`-j MARK --set-xmark ${REJECT_MARK}`, '-j ACCEPT'];
}

function rejectChain(family: Family): JudgeChain {
  return {
    name: REJECT_CHAIN,
    rules: [
      `-m mark ! --mark ${REJECT_MARK} -j RETURN`,
      '-p tcp -j REJECT --reject-with tcp-reset',
      `-j REJECT --reject-with ${REJECT_WITH[family]}`,
    ],
  };
}

function passPrefixes(set: RangeSet, end: End): string[] {
  const rules: string[] = [];
  const option = end === 'src' ? '-s' : '-d';
  forEachPrefixText(set, (prefix) => rules.push(`${option} ${prefix} -j RETURN`));
  return rules;
}
