import { FAMILIES, type Family } from '../../ip/family.js';
import type { RangeSet } from '../../ip/range-set.js';
import { timedOf } from '../../ip/timed-address-set.js';
import type { TimedRanges } from '../../ip/timed-ranges.js';
import {
  BLOCKED_RULE,
  OUTSIDE,
  type Judgement,
  type Plan,
  type PlannedRule,
  namesAny,
} from '../../policy/plan.js';
import * as is from './expressions.js';
import type { End, Json } from './expressions.js';
import { TABLE, denyChain, denyCounter, hitSet, listSet, ruleChain } from './names.js';

export interface NftSet {
  readonly name: string;
  readonly family: Family;
  /** The addresses of a list; undefined for a set that the kernel fills itself. */
  readonly ranges: RangeSet | undefined;
  /** When they end, where any may: all that was ever named. The set has `flags timeout` then. */
  readonly timed?: TimedRanges;
  /** The object of an `add set` command, without elements. */
  readonly definition: Json;
}

/** A chain without a hook: nothing reaches it but by a jump. */
export interface NftChain {
  readonly name: string;
  readonly rules: readonly (readonly Json[])[];
}

/** A base chain: where packets come in. Its one rule jumps to a chain. */
export interface NftHook {
  readonly name: string;
  readonly hook: string;
  readonly prio: number;
  readonly target: string;
}

/** All that our table is to hold. */
export interface NftRuleset {
  readonly sets: readonly NftSet[];
  readonly counters: readonly string[];
  /** In an order in which every chain stands before those that jump to it. */
  readonly chains: readonly NftChain[];
  readonly hooks: readonly NftHook[];
}

/** After conntrack (−200), before DNAT (−100): ports are those that the client asked for. */
const PRIORITY = -150;

const ICMP_ERRORS = ['destination-unreachable', 'time-exceeded', 'parameter-problem'];
/** Errors, neighbour and router discovery (RFC 4861), MLD (RFC 2710, 3810): RFC 4890 lets them pass. */
const ICMPV6_NEEDED = [
  'destination-unreachable',
  'packet-too-big',
  'time-exceeded',
  'parameter-problem',
  'nd-router-solicit',
  'nd-router-advert',
  'nd-neighbor-solicit',
  'nd-neighbor-advert',
  'nd-redirect',
  'mld-listener-query',
  'mld-listener-report',
  'mld-listener-done',
  'mld2-listener-report',
];

/** Makes the table of a plan. Pure. */
export function rulesetOf(plan: Plan): NftRuleset {
  return new RulesetBuilder(plan).build();
}

class RulesetBuilder {
  readonly #plan: Plan;
  readonly #sets: NftSet[] = [];
  readonly #counters: string[] = [];
  readonly #chains: NftChain[] = [];
  readonly #hooks: NftHook[] = [];

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  build(): NftRuleset {
    for (const [list, addresses] of this.#plan.lists) {
      for (const set of [addresses.v4, addresses.v6]) this.#addListSet(list, set);
    }
    const blocked = this.#blockedRules();
    const judged = (direction: 'in' | 'out'): Json[][] =>
      this.#plan.rules
        .filter((rule) => rule.direction === direction && rule.judgements.size > 0)
        .flatMap((rule) => this.#ruleJumps(rule));
    const incoming = judged('in');
    const outgoing = judged('out');
    if (incoming.length + blocked.length > 0) {
      const rules = [
        ...this.#passing('saddr', 'iifname'),
        ...blocked,
        ANSWERED,
        // behind the established: a packet of theirs costs no look at the routes
        ...(this.#plan.forwarded ? [] : [[is.isRoutedOn(), is.ACCEPT]]),
        ...incoming,
      ];
      this.#judge('in', rules, ['prerouting']);
    }
    if (outgoing.length > 0) {
      const rules = [...this.#passing('daddr', 'oifname'), ANSWERED, ...outgoing];
      this.#judge('out', rules, ['output', 'forward']);
    }
    return {
      sets: this.#sets,
      counters: this.#counters,
      chains: this.#chains,
      hooks: this.#hooks,
    };
  }

  #judge(direction: string, rules: Json[][], hooks: readonly string[]): void {
    const target = `judge.${direction}`;
    this.#chains.push({ name: target, rules });
    for (const hook of hooks) this.#hooks.push({ name: hook, hook, prio: PRIORITY, target });
  }

  #addListSet(list: string, ranges: RangeSet): void {
    const name = listSet(list, ranges.family);
    const { family } = ranges;
    const times = this.#plan.times.get(list);
    const flags = times ? ['interval', 'timeout'] : ['interval'];
    const definition = { ...TABLE_KEY, name, type: typeOf(family), flags };
    this.#sets.push({
      name,
      family,
      ranges,
      ...(times && { timed: timedOf(times, family) }),
      definition,
    });
  }

  /** What passes before anything is judged. */
  #passing(end: End, interfaceKey: 'iifname' | 'oifname'): Json[][] {
    const { admins, allow } = this.#plan;
    const rules: Json[][] = [
      [is.onInterface(interfaceKey, ['lo']), is.ACCEPT],
      [is.icmpType('icmp', ICMP_ERRORS), is.ACCEPT],
      [is.icmpType('icmpv6', ICMPV6_NEEDED), is.ACCEPT],
      // DHCP and DHCPv6, as client and as server
      ...[
        [67, 68],
        [68, 67],
        [547, 546],
        [546, 547],
      ].map(([source = 0, destination = 0]) => [
        ...is.portsAre('udp', source, destination),
        is.ACCEPT,
      ]),
    ];
    for (const set of [admins.v4, admins.v6]) {
      if (!set.isEmpty) rules.push([is.inRanges(set.family, end, set), is.ACCEPT]);
    }
    for (const list of allow) {
      for (const family of this.#filledFamilies(list)) {
        rules.push([is.inNamedSet(family, end, listSet(list, family)), is.ACCEPT]);
      }
    }
    return rules;
  }

  #blockedRules(): Json[][] {
    const { blocked, observeBlocked, forwarded } = this.#plan;
    return blocked.flatMap((list) => {
      const families = FAMILIES; // the sets stand also while they are empty: `block` fills them
      const target = this.#denyChain(BLOCKED_RULE, list, families, 'saddr', {
        action: 'drop',
        observe: observeBlocked,
        log: false,
      });
      return families.map((family) => [
        is.inNamedSet(family, 'saddr', listSet(list, family)),
        is.isOriginalDirection(),
        ...(forwarded ? [] : [is.isRoutedOn(false)]),
        is.jump(target),
      ]);
    });
  }

  /** The rule's own chain, and the rules that lead to it. */
  #ruleJumps(rule: PlannedRule): Json[][] {
    const end: End = rule.direction === 'in' ? 'saddr' : 'daddr';
    const rules: Json[][] = [];
    for (const list of rule.except) {
      for (const family of this.#filledFamilies(list)) {
        rules.push([is.inNamedSet(family, end, listSet(list, family)), is.RETURN]);
      }
    }
    const lists = new Set([...rule.judgements.values()].flatMap(judgedNames));
    for (const list of lists) {
      const families = [...rule.judgements]
        .filter(([, judgement]) => judgedNames(judgement).includes(list))
        .map(([family]) => family);
      const target = this.#denyChain(rule.name, list, families, end, rule);
      for (const family of families) {
        rules.push([...this.#matches(rule, family, list, end), is.goto(target)]);
      }
    }
    this.#chains.push({ name: ruleChain(rule.name), rules });
    const key = rule.direction === 'in' ? 'iifname' : 'oifname';
    const where = rule.interfaces.length > 0 ? [is.onInterface(key, rule.interfaces)] : [];
    return trafficMatches(rule).map((what) => [...where, ...what, is.jump(ruleChain(rule.name))]);
  }

  #matches(rule: PlannedRule, family: Family, list: string, end: End): Json[] {
    const judgement = rule.judgements.get(family);
    if (judgement?.kind !== 'only') return [is.inNamedSet(family, end, listSet(list, family))];
    const spared = family === 4 ? judgement.spared.v4 : judgement.spared.v6;
    const matches = judgement.lists.map((name) =>
      is.inNamedSet(family, end, listSet(name, family), false),
    );
    if (!spared.isEmpty) matches.push(is.inRanges(family, end, spared, false));
    return matches.length > 0 ? matches : [is.isFamily(family)];
  }

  /** Counts, remembers, logs, and only then decides: a full hit set lets nobody pass. */
  #denyChain(
    rule: string,
    list: string,
    families: readonly Family[],
    end: End,
    how: Pick<PlannedRule, 'action' | 'observe' | 'log'>,
  ): string {
    const counter = denyCounter(rule, list);
    this.#counters.push(counter);
    const rules: Json[][] = [[is.count(counter)]];
    for (const family of families) {
      const name = hitSet(rule, list, family);
      this.#sets.push({ name, family, ranges: undefined, definition: this.#hitSet(name, family) });
      rules.push([is.remember(family, end, name)]);
    }
    if (how.log) rules.push(is.log(`sekisho ${rule} ${list}: `));
    if (!how.observe) rules.push(...verdicts(how.action));
    const name = denyChain(rule, list);
    this.#chains.push({ name, rules });
    return name;
  }

  #hitSet(name: string, family: Family): Json {
    const { size, timeoutSeconds } = this.#plan.hits;
    return {
      ...TABLE_KEY,
      name,
      type: typeOf(family),
      size,
      flags: ['timeout'],
      timeout: timeoutSeconds,
      stmt: [{ counter: null }],
    };
  }

  #filledFamilies(list: string): Family[] {
    return FAMILIES.filter((family) => namesAny(this.#plan, list, family));
  }
}

const TABLE_KEY = { family: TABLE.family, table: TABLE.name };
const ANSWERED: Json[] = [is.isAnswered(), is.ACCEPT];

function typeOf(family: Family): string {
  return family === 4 ? 'ipv4_addr' : 'ipv6_addr';
}

/** The names under which a judgement counts: its lists, or that of being outside. */
function judgedNames(judgement: Judgement): readonly string[] {
  return judgement.kind === 'deny' ? judgement.lists : [OUTSIDE];
}

function verdicts(action: 'drop' | 'reject'): Json[][] {
  if (action === 'drop') return [[is.DROP]];
  return [
    [is.isProtocol('tcp'), { reject: { type: 'tcp reset' } }],
    [{ reject: { type: 'icmpx', expr: 'admin-prohibited' } }],
  ];
}

/**
 * One match for each kind of traffic that a rule judges. Established flows have passed by
 * then, so UDP and the rest need no look at the state: what is not tracked is judged too.
 */
function trafficMatches({ traffic }: PlannedRule): Json[][] {
  const matches: Json[][] = [];
  if (traffic.tcp) matches.push([is.isOpeningTcp(), is.toPorts('tcp', traffic.tcp)]);
  if (traffic.udp) matches.push([is.toPorts('udp', traffic.udp)]);
  if (traffic.icmp) matches.push([is.isProtocol('icmp', 'ipv6-icmp')]);
  if (traffic.others) matches.push([is.isNoneOfProtocols('tcp', 'udp', 'icmp', 'ipv6-icmp')]);
  return matches;
}
