import type { NameServers, Soa } from '../zone/zone-source.js';
import { parseDomainName } from './domain-name.js';
import { afterWord, parseNumber, parseTime, parseTimestamp, splitWord } from './fields.js';
import type { ReadContext, Scope } from './set-reader.js';
import { boundedTtl } from './set-reader.js';

/** More name servers than these are left out. */
const MOST_NAME_SERVERS = 32;

/** What the special entries of a dataset say about zones made of it. */
export interface Header {
  soa?: Soa;
  nameServers?: NameServers;
  /** Milliseconds since 1970: the earliest of all `$TIMESTAMP` lines. */
  expiresAtMs?: number;
}

/** `true`, or what was expected instead, or why the whole dataset cannot be read. */
export type SpecialResult = true | { readonly expected: string } | { readonly failure: string };

/** What a special entry may change. */
export interface SpecialTarget {
  readonly context: ReadContext;
  readonly header: Header;
  /** Of the whole dataset. */
  readonly scope: Scope;
  /** Of the part of a combined dataset that is being read, if any. */
  readonly part: Scope | undefined;
  readonly isAcl: boolean;
}

/**
 * Reads a special entry, all but `$DATASET`.
 *
 * @param text what follows the dollar sign
 */
export function readSpecial(text: string, target: SpecialTarget): SpecialResult {
  const variable = /^([0-9=])[ \t]+(.+)$/s.exec(text);
  if (variable !== null) {
    const { substitutions } = target.part ?? target.scope;
    substitutions[variable[1] as string] ??= variable[2];
    return true;
  }
  for (const [word, read] of SPECIALS) {
    const rest = afterWord(text, word);
    if (rest !== undefined) return read(rest, target);
  }
  return { expected: '$SOA, $NS, $TTL, $TIMESTAMP, $MAXRANGE4, $0 to $9, $= or $DATASET' };
}

type Reader = (rest: string, target: SpecialTarget) => SpecialResult;

const SPECIALS: readonly (readonly [string, Reader])[] = [
  ['soa', readSoa],
  ['ns', readNameServers],
  ['nameserver', readNameServers],
  ['ttl', readTtl],
  ['maxrange4', readMaxRange],
  ['timestamp', readTimestamp],
];

function readSoa(rest: string, { context, header, scope, isAcl }: SpecialTarget): SpecialResult {
  if (isAcl) return { expected: 'no $SOA in an acl' };
  if (header.soa !== undefined) return true;
  const expected = { expected: '$SOA ttl origin person serial refresh retry expire minimum' };
  const ttl = parseTime(rest);
  if (ttl === undefined) return expected;
  const [origin, behindOrigin] = splitWord(ttl.rest);
  const [person, behindPerson] = splitWord(behindOrigin);
  const primary = origin === '' ? undefined : parseDomainName(origin, true);
  const contact = person === '' ? undefined : parseDomainName(person, true);
  const serial = parseNumber(behindPerson);
  if (primary === undefined || contact === undefined || serial === undefined) return expected;
  let text = serial.rest;
  const times: number[] = [];
  for (let k = 0; k < 4; k++) {
    const time = parseTime(text);
    if (time === undefined) return expected;
    times.push(time.value);
    text = time.rest;
  }
  if (text !== '') return expected;
  const [refreshSeconds, retrySeconds, expireSeconds, minimumSeconds] = times as [
    number,
    number,
    number,
    number,
  ];
  header.soa = {
    ttlSeconds: boundedTtl(ttl.value, scope.ttlSeconds, context.settings),
    primary,
    person: contact,
    serial: serial.value,
    refreshSeconds,
    retrySeconds,
    expireSeconds,
    minimumSeconds,
  };
  return true;
}

function readNameServers(
  rest: string,
  { context, header, scope, isAcl }: SpecialTarget,
): SpecialResult {
  if (isAcl) return { expected: 'no $NS in an acl' };
  if (header.nameServers !== undefined) return true;
  const ttl = parseTime(rest);
  if (ttl === undefined || ttl.rest === '') return { expected: '$NS ttl name…' };
  const names = new Map<string, Uint8Array>();
  for (const word of ttl.rest.split(/[ \t]+/).filter((text) => !text.startsWith('-'))) {
    const name = parseDomainName(word, true);
    if (name === undefined) return { expected: 'names of name servers behind the TTL of $NS' };
    const key = Buffer.from(parseDomainName(word) as Uint8Array).toString('hex');
    if (!names.has(key)) names.set(key, name);
  }
  if (names.size > 0) {
    header.nameServers = {
      ttlSeconds: boundedTtl(ttl.value, scope.ttlSeconds, context.settings),
      names: [...names.values()].slice(0, MOST_NAME_SERVERS),
    };
  }
  return true;
}

function readTtl(rest: string, { context, scope, part }: SpecialTarget): SpecialResult {
  const ttl = parseTime(rest);
  if (ttl?.rest !== '') return { expected: '$TTL and a time such as 3600 or 1h' };
  const { settings } = context;
  (part ?? scope).ttlSeconds = boundedTtl(ttl.value, settings.defaultTtlSeconds, settings);
  return true;
}

function readMaxRange(rest: string, { context }: SpecialTarget): SpecialResult {
  const isLength = rest.startsWith('/');
  const number = parseNumber(isLength ? rest.slice(1) : rest);
  if (number?.rest !== '' || number.value === 0 || (isLength && number.value > 32)) {
    return { expected: '$MAXRANGE4 and a number of addresses, or /1 to /32' };
  }
  const most = isLength ? 2 ** (32 - number.value) : number.value;
  if (context.maxRange4 !== 0 && context.maxRange4 < most) {
    return { expected: `a number not above the ${context.maxRange4} that was set before` };
  }
  context.maxRange4 = most;
  return true;
}

function readTimestamp(rest: string, { context, header }: SpecialTarget): SpecialResult {
  const expected = { expected: '$TIMESTAMP yyyy:mm:dd[:hh[:mi[:ss]]] [the same, or +time]' };
  const stamp = parseTimestamp(rest);
  if (stamp === undefined) return expected;
  const expiry = stamp.rest === '' ? 0 : readExpiry(stamp.rest, stamp.value);
  if (expiry === undefined) return expected;
  const aheadMs = stamp.value * 1000 - context.settings.nowMs;
  if (aheadMs >= 1000) {
    return { failure: `$TIMESTAMP is ${Math.floor(aheadMs / 1000)} s in the future` };
  }
  if (expiry !== 0) {
    header.expiresAtMs = Math.min(expiry * 1000, header.expiresAtMs ?? Infinity);
  }
  return true;
}

/** Seconds since 1970, 0 for never. */
function readExpiry(text: string, stamp: number): number | undefined {
  if (!text.startsWith('+')) {
    const expiry = parseTimestamp(text);
    return expiry?.rest === '' ? expiry.value : undefined;
  }
  const time = parseTime(text.slice(1));
  if (time?.rest !== '' || time.value === 0 || stamp === 0) return undefined;
  return stamp + time.value;
}
