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
  return facts.outcomes.map((outcome) => {
    const words = {
      PROGRAM: facts.title,
      NAME: server.name,
      ZONE: findZone(zones, outcome.host)?.shown ?? outcome.host,
      CODE: outcome.code,
      REPLY: outcome.reply,
      ASKED: outcome.asked,
      WHY: outcome.reply,
    };
    return finding(nameOf(outcome, facts.uses), words);
  });
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
