import { formatWords } from '../../ip/address.js';
import { type Family, bitsOf } from '../../ip/family.js';
import { type ElementRanges, secondsLeft } from '../element-ranges.js';
import type { RangeSet } from '../../ip/range-set.js';
import { compareWords } from '../../ip/words.js';
import { prefixExponent } from '../../formats/text.js';
import type { PortRange } from '../../policy/plan.js';

/** A statement or expression of libnftables-json(5). */
export type Json = string | number | null | readonly Json[] | { readonly [key: string]: Json };

function match(op: string, left: Json, right: Json): Json {
  return { match: { op, left, right } };
}

function payload(protocol: string, field: string): Json {
  return { payload: { protocol, field } };
}

const IP: Readonly<Record<Family, string>> = { 4: 'ip', 6: 'ip6' };

/** Which end of a packet a rule looks at. */
export type End = 'saddr' | 'daddr';

export function addressOf(family: Family, end: End): Json {
  return payload(IP[family], end);
}

/** The address is (or is not) in a named set. */
export function inNamedSet(family: Family, end: End, set: string, isIn = true): Json {
  return match(isIn ? '==' : '!=', addressOf(family, end), `@${set}`);
}

/** The address is (or is not) in these ranges, which stand in the rule itself. */
export function inRanges(family: Family, end: End, ranges: RangeSet, isIn = true): Json {
  return match(isIn ? '==' : '!=', addressOf(family, end), { set: elementsOf(ranges) });
}

/** Ranges as elements: address, prefix or range. */
export function elementsOf(
  set: Pick<ElementRanges, 'family' | 'firsts' | 'lasts' | 'words'>,
): Json[] {
  const { family, firsts, lasts, words } = set;
  const elements: Json[] = [];
  for (let i = 0; i < firsts.length; i += words) {
    const first = formatWords(family, firsts, i);
    if (compareWords(firsts, i, lasts, i, words) === 0) {
      elements.push(first);
      continue;
    }
    const exponent = prefixExponent(set, i);
    elements.push(
      exponent === undefined
        ? { range: [first, formatWords(family, lasts, i)] }
        : { prefix: { addr: first, len: bitsOf(family) - exponent } },
    );
  }
  return elements;
}

/** The same with what is left of each at a time; none of what has ended by then. */
export function timedElementsOf(set: ElementRanges, nowMs: number): Json[] {
  return elementsOf(set).flatMap((val, i) => {
    const seconds = secondsLeft(set, i, nowMs);
    if (seconds === undefined) return [val];
    return seconds > 0 ? [{ elem: { val, timeout: seconds } }] : [];
  });
}

export function isFamily(family: Family): Json {
  return match('==', { meta: { key: 'nfproto' } }, family === 4 ? 'ipv4' : 'ipv6');
}

export function onInterface(key: 'iifname' | 'oifname', names: readonly string[]): Json {
  const [first] = names;
  const right = names.length === 1 && first !== undefined ? first : { set: names };
  return match('==', { meta: { key } }, right);
}

export function isProtocol(...protocols: readonly string[]): Json {
  const [first] = protocols;
  const right = protocols.length === 1 && first !== undefined ? first : { set: protocols };
  return match('==', { meta: { key: 'l4proto' } }, right);
}

export function isNoneOfProtocols(...protocols: readonly string[]): Json {
  return match('!=', { meta: { key: 'l4proto' } }, { set: protocols });
}

export function icmpType(protocol: 'icmp' | 'icmpv6', types: readonly string[]): Json {
  return match('==', payload(protocol, 'type'), { set: types });
}

/** A packet that opens a TCP connection: SYN without ACK. */
export function isOpeningTcp(): Json {
  return match('==', { '&': [payload('tcp', 'flags'), ['syn', 'ack']] }, 'syn');
}

export function toPorts(protocol: 'tcp' | 'udp', ports: readonly PortRange[]): Json {
  const right = ports.map(({ first, last }) => (first === last ? first : { range: [first, last] }));
  return match('==', payload(protocol, 'dport'), { set: right });
}

export function portsAre(protocol: 'udp', source: number, destination: number): Json[] {
  return [
    match('==', payload(protocol, 'sport'), source),
    match('==', payload(protocol, 'dport'), destination),
  ];
}

export function isAnswered(): Json {
  return match('in', { ct: { key: 'state' } }, ['established', 'related']);
}

/** The packet goes in the direction in which its connection was opened. */
export function isOriginalDirection(): Json {
  return match('==', { ct: { key: 'direction' } }, 'original');
}

/**
 * Before DNAT: the packet is addressed to another host. What is broadcast, multicast or anycast
 * is for us too; what has no route is not, and goes nowhere.
 */
export function isRoutedOn(isSo = true): Json {
  const type = { fib: { result: 'type', flags: ['daddr'] } };
  return match(isSo ? '==' : '!=', type, 'unicast');
}

export const ACCEPT: Json = { accept: null };
export const DROP: Json = { drop: null };
export const RETURN: Json = { return: null };

export function jump(target: string): Json {
  return { jump: { target } };
}

export function goto(target: string): Json {
  return { goto: { target } };
}

export function count(counter: string): Json {
  return { counter };
}

export function remember(family: Family, end: End, set: string): Json {
  return { set: { op: 'update', elem: addressOf(family, end), set: `@${set}` } };
}

/** A line in the kernel log, at most five a minute. */
export function log(prefix: string): Json[] {
  return [{ limit: { rate: 5, burst: 5, per: 'minute' } }, { log: { prefix } }];
}
