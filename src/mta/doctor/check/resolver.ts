import type { Endpoint } from '../../../config/network-values.js';
import { type Finding, finding } from '../finding.js';
import type { ZoneAnswers } from '../look/zone-answers.js';
import { type ResolverSigns, identify, resolverText, settingLines } from '../resolver-software.js';
import type { ExpectedZone } from '../zones.js';
import { endpointText } from './service.js';
import { expectedText, isAllRight, judgeTest, replyText } from './verdict.js';

/** What a resolver of this host says about a zone, and what our own server says. */
export interface ResolverFacts {
  readonly file: string;
  readonly signs: ResolverSigns;
  readonly isPortHeld: boolean;
  readonly zone: ExpectedZone;
  readonly answers: ZoneAnswers;
  /** Of the DNSBL itself, asked directly. */
  readonly direct: ZoneAnswers | undefined;
  /** Where the DNSBL is. */
  readonly dnsbl: Endpoint;
}

/**
 * Whether what our server answers comes through a resolver, and who takes it away; pure. The
 * difference between the two tells.
 */
export function checkResolver(facts: ResolverFacts): Finding[] {
  const { zone, answers, signs, file, dnsbl } = facts;
  const words = wordsOf(facts);
  if (isAllRight(answers, zone)) return [finding('resolver-good', words), ...negativeTtl(facts)];
  const { test, never, text, test6 } = answers;
  const verdict = judgeTest(test, zone);
  if (verdict === 'silent') {
    // it may be waiting for servers that it cannot reach
    if (signs.version !== undefined || facts.isPortHeld) return [whyNotListed(facts)];
    if (!/^(?:127\.|::1$)/.test(signs.address)) return [finding('resolver-silent', words)];
    return [
      finding('nobody-at-port-53', { ...words, ENDPOINT: endpointText(dnsbl), RESOLV_CONF: file }),
    ];
  }
  const found: Finding[] = [];
  if (verdict !== 'right') found.push(whyNotListed(facts));
  if (never.rcode === 'NOERROR' && never.records.length > 0) {
    found.push(finding('everything-listed', { ...words, FOUND: never.records.join(' ') }));
  } else if (verdict === 'right' && never.rcode !== 'NXDOMAIN') {
    found.push(finding('not-nxdomain', { ...words, REASON: replyText(never) }));
  }
  if (verdict !== 'right') return found;
  if (zone.hasText === true && text.records.length === 0) found.push(finding('txt-missing', words));
  if (zone.testCode !== undefined && judgeTest(test6, zone) !== 'right') {
    found.push(finding('ipv6-missing', { ...words, REASON: replyText(test6) }));
  }
  return [...found, ...negativeTtl(facts)];
}

function whyNotListed(facts: ResolverFacts): Finding {
  const { zone, answers, direct } = facts;
  const words = wordsOf(facts);
  if (answers.test.rcode === 'SERVFAIL' && judgeTest(answers.unvalidated, zone) === 'right') {
    return finding('dnssec-fails', words);
  }
  const isListedThere = direct !== undefined && judgeTest(direct.test, zone) === 'right';
  const { test, text } = answers;
  const isAsked = text.records.length > 0 || test.rcode === 'NOERROR';
  if (!isListedThere) return finding('nothing-to-forward', words);
  if (isAsked && test.records.length === 0)
    return finding('stripped', { ...words, WHY: whyStripped(facts) });
  return finding('not-forwarded', words);
}

function whyStripped({ signs }: ResolverFacts): string {
  switch (identify(signs)) {
    case 'unbound':
      return 'private-address of unbound';
    case 'dnsmasq':
      return 'stop-dns-rebind of dnsmasq';
    case 'named':
      return 'deny-answer-addresses of named';
    case 'systemd-resolved':
      return 'a resolver behind systemd-resolved';
    default:
      return 'its protection against DNS rebinding';
  }
}

/** A resolver may keep that a name does not exist for this long (RFC 2308 5). */
const LONGEST_NEGATIVE_TTL_SECONDS = 60;

function negativeTtl(facts: ResolverFacts): Finding[] {
  const { zone, answers } = facts;
  const seconds = Math.max(zone.negativeTtlSeconds, answers.never.negativeTtlSeconds ?? 0);
  if (seconds <= LONGEST_NEGATIVE_TTL_SECONDS) return [];
  return [finding('negative-ttl-long', { ...wordsOf(facts), SECONDS: String(seconds) })];
}

function wordsOf({ signs, zone, answers, dnsbl, file }: ResolverFacts): Record<string, string> {
  const lines = settingLines(identify(signs));
  return {
    RESOLVER: resolverText(signs),
    RESOLV_CONF: file,
    ZONE: zone.shown,
    REASON: replyText(answers.test),
    EXPECTED: expectedText(zone),
    ENDPOINT: endpointText(dnsbl),
    FORWARDING: lines.forwarding(zone.shown, dnsbl),
    PERMISSION: lines.permission(zone.shown),
    UNSIGNED: lines.unsigned(zone.shown),
  };
}
