import type { FirewallConfig, FirewallRule } from '../config/schema.js';
import { type AddressSet, EMPTY_ADDRESS_SET } from '../ip/address-set.js';
import { FAMILIES, type Family } from '../ip/family.js';
import { parseRange } from '../ip/notation.js';
import type { RangeSet } from '../ip/range-set.js';
import { RangeSetBuilder } from '../ip/range-set-builder.js';
import { type TimedAddressSet, permanentSet } from '../ip/timed-address-set.js';
import {
  ALL_PORTS,
  type Judgement,
  type Plan,
  type PlannedRule,
  type PortRange,
  type Traffic,
  namesAny,
} from './plan.js';
import { PRIVATE_RANGES } from '../ip/private-ranges.js';

/** What is wrong with the `firewall` part, and where below it. */
export interface PolicyFault {
  readonly path: readonly (string | number)[];
  readonly found: string;
  readonly expected: string;
}

export interface PolicyInput {
  readonly firewall: FirewallConfig;
  /** Contents of every list that could be made. */
  readonly lists: ReadonlyMap<string, AddressSet>;
  /** When addresses of lists end, for each list in which any does. */
  readonly times?: ReadonlyMap<string, TimedAddressSet>;
}

/** The list that is blocked on all ports where the configuration names none. */
export const DEFAULT_BLOCKED = 'blocked';

/**
 * Makes the plan, or tells every fault. Pure.
 *
 * A list without entries in a family denies nothing there. An `only` whose lists are all empty
 * in a family would deny everybody: it is a fault unless the rule says `empty: deny`.
 */
export function compilePolicy(input: PolicyInput): Plan | { readonly faults: PolicyFault[] } {
  const { firewall, lists, times = new Map<string, TimedAddressSet>() } = input;
  const faults: PolicyFault[] = [];
  const known = [...lists.keys()];
  const check = (names: readonly string[], path: readonly (string | number)[]): void => {
    for (const [index, name] of names.entries()) {
      if (lists.has(name)) continue;
      faults.push({
        path: [...path, index],
        found: JSON.stringify(name),
        expected: known.length > 0 ? `one of the lists ${known.join(', ')}` : 'a list',
      });
    }
  };
  const blocked = firewall.blocked ?? (lists.has(DEFAULT_BLOCKED) ? [DEFAULT_BLOCKED] : []);
  check(firewall.allow, ['allow']);
  check(blocked, ['blocked']);
  const names = new Set<string>();
  for (const [index, rule] of firewall.rules.entries()) {
    const path = ['rules', index];
    if (names.has(rule.name) || rule.name === 'blocked') {
      faults.push({
        path: [...path, 'name'],
        found: JSON.stringify(rule.name),
        expected: 'a name that no other rule has, and not blocked',
      });
    }
    names.add(rule.name);
    for (const key of ['deny', 'only', 'except'] as const) check(rule[key] ?? [], [...path, key]);
    faults.push(...portFaults(rule, path));
  }
  const admins = adminsOf(firewall, faults);
  if (faults.length > 0) return { faults };
  const rules = firewall.rules.map((rule, index) =>
    planRule(rule, index, firewall, { lists, times }, faults),
  );
  if (faults.length > 0) return { faults };
  const referred = new Set([
    ...firewall.allow,
    ...blocked,
    ...rules.flatMap((rule) => [
      ...rule.except,
      ...[...rule.judgements.values()].flatMap((judgement) => judgement.lists),
    ]),
  ]);
  return {
    admins,
    allow: once(firewall.allow),
    blocked: once(blocked),
    observeBlocked: firewall.mode === 'observe',
    forwarded: firewall.forwarded,
    rules,
    lists: new Map([...referred].map((name) => [name, lists.get(name) ?? EMPTY_ADDRESS_SET])),
    times: new Map([...referred].flatMap((name) => timesFor(name, blocked, lists, times))),
    hits: {
      size: firewall.hits.size,
      timeoutSeconds: Math.max(1, Math.round(firewall.hits.timeout / 1000)),
    },
  };
}

/** `block` may give an end to an address of a blocked list at any moment. */
function timesFor(
  name: string,
  blocked: readonly string[],
  lists: ReadonlyMap<string, AddressSet>,
  times: ReadonlyMap<string, TimedAddressSet>,
): [string, TimedAddressSet][] {
  const timed = times.get(name);
  if (timed !== undefined) return [[name, timed]];
  if (!blocked.includes(name)) return [];
  return [[name, permanentSet(lists.get(name) ?? EMPTY_ADDRESS_SET)]];
}

function planRule(
  rule: FirewallRule,
  index: number,
  firewall: FirewallConfig,
  contents: Contents,
  faults: PolicyFault[],
): PlannedRule {
  const judgements = new Map<Family, Judgement>();
  for (const family of FAMILIES) {
    const judgement = judge(rule, family, contents);
    if (judgement === 'empty') {
      faults.push({
        path: ['rules', index, 'only'],
        found: `no IPv${family} address in ${(rule.only ?? []).join(', ')}`,
        expected: `some, or \`empty: deny\` where nobody may pass over IPv${family}`,
      });
    } else if (judgement !== undefined) {
      judgements.set(family, judgement);
    }
  }
  return {
    name: rule.name,
    direction: rule.direction,
    interfaces: rule.interfaces,
    traffic: trafficOf(rule),
    judgements,
    except: once(rule.except),
    action: rule.action,
    observe: (rule.mode ?? firewall.mode) === 'observe',
    log: rule.log,
  };
}

type Contents = Pick<Plan, 'lists' | 'times'>;

/**
 * A list whose last address has run out stays in the rule, which so stays as it is; but an
 * `only` rule needs somebody who may pass now.
 */
function judge(
  rule: FirewallRule,
  family: Family,
  contents: Contents,
): Judgement | 'empty' | undefined {
  const filled = (names: readonly string[]): string[] =>
    once(names).filter((name) => namesAny(contents, name, family));
  if (rule.deny) {
    const deny = filled(rule.deny);
    return deny.length > 0 ? { kind: 'deny', lists: deny } : undefined;
  }
  const only = filled(rule.only ?? []);
  const letsPass = only.some((name) => !setOf(contents.lists.get(name), family).isEmpty);
  if (!letsPass && rule.empty !== 'deny') return 'empty';
  const spared = rule.private ? EMPTY_ADDRESS_SET : PRIVATE_RANGES;
  return { kind: 'only', lists: only, spared };
}

/** A list that is named twice is asked, and counts, once. */
function once(names: readonly string[]): string[] {
  return [...new Set(names)];
}

function setOf(set: AddressSet = EMPTY_ADDRESS_SET, family: Family): RangeSet {
  return family === 4 ? set.v4 : set.v6;
}

/** Nothing named means everything but ICMP, which is judged only where it is named. */
function trafficOf(rule: FirewallRule): Traffic {
  const everything = rule.tcp === undefined && rule.udp === undefined && !rule.icmp;
  return {
    tcp: everything ? ALL_PORTS : portsOf(rule.tcp),
    udp: everything ? ALL_PORTS : portsOf(rule.udp),
    icmp: rule.icmp,
    others: everything,
  };
}

/** Ports as written, in order and joined; undefined stays undefined. */
export function portsOf(ports: FirewallRule['tcp']): readonly PortRange[] | undefined {
  if (ports === undefined) return undefined;
  if (ports === 'all') return ALL_PORTS;
  const ranges = ports.map(portRange).sort((a, b) => a.first - b.first);
  const merged: { first: number; last: number }[] = [];
  for (const { first, last } of ranges) {
    const end = merged.at(-1);
    if (end && first <= end.last + 1) end.last = Math.max(end.last, last);
    else merged.push({ first, last });
  }
  return merged;
}

function portRange(port: number | string): PortRange {
  if (typeof port === 'number') return { first: port, last: port };
  const [first = '', last = ''] = port.split('-');
  return { first: Number(first), last: Number(last) };
}

function portFaults(rule: FirewallRule, path: readonly (string | number)[]): PolicyFault[] {
  const faults: PolicyFault[] = [];
  for (const key of ['tcp', 'udp'] as const) {
    const ports = rule[key];
    if (ports === undefined || ports === 'all') continue;
    for (const [index, port] of ports.entries()) {
      const { first, last } = portRange(port);
      if (first >= 1 && first <= last && last <= 65535) continue;
      faults.push({
        path: [...path, key, index],
        found: JSON.stringify(port),
        expected: 'ports from 1 to 65535, the lower one first',
      });
    }
  }
  return faults;
}

function adminsOf(firewall: FirewallConfig, faults: PolicyFault[]): AddressSet {
  const v4 = new RangeSetBuilder(4);
  const v6 = new RangeSetBuilder(6);
  for (const [index, text] of firewall.admins.entries()) {
    const range = parseRange(text);
    if ('expected' in range) {
      faults.push({ path: ['admins', index], found: JSON.stringify(text), ...range });
    } else {
      (range.family === 4 ? v4 : v6).add(range.first, 0, range.last, 0);
    }
  }
  return { v4: v4.build(), v6: v6.build() };
}
