import { type Finding, finding } from '../finding.js';
import type { Outcome } from '../server/mail-server.js';
import type { ExpectedZone } from '../zones.js';
import { findZone } from '../zones.js';
import type { ServerFacts } from './zone-use.js';

/** What mail servers would do with listed clients, each asked by its own means; pure. */
export function checkOutcomes(
  zones: readonly ExpectedZone[],
  { server, facts }: ServerFacts,
): Finding[] {
  return facts.outcomes.flatMap((outcome) => {
    const zone = findZone(zones, outcome.host);
    const words = {
      PROGRAM: facts.title,
      NAME: server.name,
      ZONE: zone?.shown ?? outcome.host,
      CODE: outcome.code,
      REPLY: outcome.reply,
      ASKED: outcome.asked,
      WHY: outcome.reply,
    };
    const approving =
      zone && outcome.effect === 'pass' && approvedAsWell(zone, outcome, zones, facts);
    if (approving) {
      const WHAT = `what ${facts.title} does with ${outcome.code} in ${zone.shown}`;
      const REASON = `${approving.shown}, which approves, has the same test entry`;
      return [finding('not-checked', { WHAT, REASON })];
    }
    const isTold = zone?.isSecret === true && outcome.reply.toLowerCase().includes(outcome.host);
    return [
      finding(nameOf(outcome, facts.uses), words),
      ...(isTold ? [finding('key-in-reply', { ...words, PLACE: outcome.asked })] : []),
    ];
  });
}

/** A zone that lets the test entry of another pass, rightly: 127.0.0.2 is in each (RFC 5782 5). */
function approvedAsWell(
  zone: ExpectedZone,
  { code }: Outcome,
  zones: readonly ExpectedZone[],
  { uses }: ServerFacts['facts'],
): ExpectedZone | undefined {
  if (zone.isApproved) return undefined;
  return zones.find(
    ({ isApproved, codes, hosts }) =>
      isApproved &&
      (code === '127.0.0.2' || codes.has(code)) &&
      uses.some(({ host }) => hosts.includes(host)),
  );
}

function nameOf(
  { host, effect }: Outcome,
  uses: ServerFacts['facts']['uses'],
): 'would-refuse' | 'would-log' | 'would-approve' | 'would-pass' {
  if (effect === 'refuse') return 'would-refuse';
  if (effect === 'log') return 'would-log';
  const isApproved = uses.some((use) => use.host === host && use.effect === 'pass');
  return isApproved ? 'would-approve' : 'would-pass';
}
