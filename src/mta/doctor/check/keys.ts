import { type Finding, finding } from '../finding.js';
import type { ZoneAnswers } from '../look/zone-answers.js';
import type { ExpectedZone } from '../zones.js';
import { expectedText, judgeTest, replyText } from './verdict.js';

/**
 * Whether a zone answers below every key as below the first, of which all else is told; pure.
 *
 * @param who answers, for people
 */
export function checkKeys(who: string, zone: ExpectedZone, answers: ZoneAnswers): Finding[] {
  if (judgeTest(answers.test, zone) !== 'right') return [];
  return answers.furtherKeys.flatMap((reply, k) => {
    if (judgeTest(reply, zone) === 'right') return [];
    const [FOUND, EXPECTED] = [replyText(reply), expectedText(zone)];
    const words = { WHO: who, ZONE: zone.shown, FOUND, NUMBER: String(k + 2), EXPECTED };
    return [finding('key-unanswered', words)];
  });
}
