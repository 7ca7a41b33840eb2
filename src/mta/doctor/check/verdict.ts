import type { Reply } from '../look/ask.js';
import type { ZoneAnswers } from '../look/zone-answers.js';
import type { ExpectedZone } from '../zones.js';

/** What the answer to the question for 127.0.0.2 means. */
export type Verdict =
  | 'right'
  /** Nothing came back. */
  | 'silent'
  | 'refused'
  /** An answer that is not what the zone holds. */
  | 'wrong';

export function judgeTest(reply: Reply, { testCode }: Pick<ExpectedZone, 'testCode'>): Verdict {
  const { rcode, records } = reply;
  if (rcode === undefined) return 'silent';
  if (rcode === 'REFUSED') return 'refused';
  const isListed =
    testCode === undefined
      ? records.some((code) => code.startsWith('127.') && !code.startsWith('127.255.255.'))
      : records.includes(testCode);
  return rcode === 'NOERROR' && isListed ? 'right' : 'wrong';
}

/** The whole zone answers as it should. */
export function isAllRight(answers: ZoneAnswers, zone: ExpectedZone): boolean {
  const { test, never, text, test6 } = answers;
  return (
    judgeTest(test, zone) === 'right' &&
    never.rcode === 'NXDOMAIN' &&
    (zone.hasText !== true || text.records.length > 0) &&
    (zone.testCode === undefined || judgeTest(test6, zone) === 'right')
  );
}

/** An answer for people: `NOERROR 127.0.0.2`, or why there is none. */
export function replyText({ rcode, records, silence }: Reply): string {
  if (rcode === undefined) return silence ?? 'nothing';
  if (records.length > 0) return records.join(' ');
  return rcode === 'NOERROR' ? 'NOERROR without a record' : rcode;
}

export function expectedText({ testCode }: Pick<ExpectedZone, 'testCode'>): string {
  return testCode ?? 'an address in 127.0.0.0/8';
}
