import { type Finding, finding } from '../finding.js';
import type { Reply } from '../look/ask.js';
import type { SystemResolvers } from '../look/resolv-conf.js';
import type { ExpectedZone } from '../zones.js';
import { expectedText, judgeTest, replyText } from './verdict.js';

/** What a library got that picks a server from resolv.conf itself. */
export interface LibraryFacts {
  readonly resolvers: SystemResolvers;
  readonly zone: ExpectedZone;
  readonly reply: Reply;
  /** Whether one of the resolvers, asked by itself, had the right answer. */
  readonly isRightSomewhere: boolean;
}

/** Whether it depends on luck who is asked; pure. */
export function checkLibrary({
  resolvers,
  zone,
  reply,
  isRightSomewhere,
}: LibraryFacts): Finding[] {
  if (!isRightSomewhere || judgeTest(reply, zone) === 'right') return [];
  return [
    finding('resolvers-differ', {
      RESOLVERS: resolvers.servers.join(', '),
      RESOLV_CONF: resolvers.file,
      ZONE: zone.shown,
      FOUND: replyText(reply),
      EXPECTED: expectedText(zone),
    }),
  ];
}
