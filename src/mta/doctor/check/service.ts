import type { Endpoint } from '../../../config/network-values.js';
import { type Finding, finding } from '../finding.js';
import type { PortHolder } from '../look/port-holders.js';
import type { ZoneAnswers } from '../look/zone-answers.js';
import type { ExpectedZone } from '../zones.js';
import { expectedText, judgeTest, replyText } from './verdict.js';

/** What our own server says, asked directly. */
export interface ServiceFacts {
  /** As configured; a wildcard is asked at loopback. */
  readonly at: Endpoint;
  readonly zone: ExpectedZone;
  readonly answers: ZoneAnswers;
  readonly holders: readonly PortHolder[];
}

/** Whether the DNSBL is alive and has the zone; pure. */
export function checkService({ at, zone, answers, holders }: ServiceFacts): Finding[] {
  const words = {
    ENDPOINT: endpointText(at),
    ZONE: zone.shown,
    REASON: replyText(answers.test),
    EXPECTED: expectedText(zone),
  };
  const verdict = judgeTest(answers.test, zone);
  if (verdict === 'right') return [finding('dnsbl-good', words)];
  const other = foreignHolder(at, holders);
  if (other !== undefined) {
    const PROGRAM = other.program ?? 'another program (run this as root to see which)';
    return [finding('port-taken', { ...words, PROGRAM })];
  }
  if (verdict === 'silent') return [finding('dnsbl-silent', words)];
  return [finding(verdict === 'refused' ? 'dnsbl-refuses' : 'dnsbl-wrong', words)];
}

/** Somebody else who has that port, and none of us beside him. */
function foreignHolder(at: Endpoint, holders: readonly PortHolder[]): PortHolder | undefined {
  const there = holders.filter((holder) => isHeldBy(at, holder));
  return there.some(({ isOurs }) => isOurs) ? undefined : there[0];
}

/** Whether a socket takes what is sent to an address and port. */
export function isHeldBy({ address, port }: Endpoint, holder: PortHolder): boolean {
  if (holder.port !== port) return false;
  if (holder.address === address || holder.address === '::') return true;
  return holder.address === '0.0.0.0' && !address.includes(':');
}

/** `127.0.0.1:5300`, `[::1]:53`. */
export function endpointText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
