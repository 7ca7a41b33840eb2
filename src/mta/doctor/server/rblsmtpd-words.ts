import { type ZoneUse, plainHost } from './mail-server.js';

/** A zone, and whether who is in it is refused for good (`-b`: 553), or for now (451). */
export interface RblsmtpdUse extends ZoneUse {
  readonly isForGood: boolean;
}

/** Zones that rblsmtpd asks in a script: `-r zone:text` refuses, `-a zone` lets pass. */
export function rblsmtpdUses(place: string, script: string): RblsmtpdUse[] {
  const words = script
    .replaceAll(/^\s*#.*$/gm, '')
    .replaceAll('\\\n', ' ')
    .split(/[\s"']+/);
  let isInside = false;
  let isForGood = false;
  return words.flatMap((word, at): RblsmtpdUse[] => {
    if (/(?:^|\/)rblsmtpd$/.test(word)) {
      isInside = true;
      isForGood = false;
    } else if (/(?:^|\/)qmail-smtpd$/.test(word)) isInside = false;
    if (word === '-b' || word === '-B') isForGood = word === '-b';
    if (!isInside || (word !== '-r' && word !== '-a')) return [];
    const [zone = ''] = (words[at + 1] ?? '').split(':');
    const effect = word === '-a' ? 'pass' : 'refuse';
    return [{ place, host: plainHost(zone), codes: undefined, effect, isForGood }];
  });
}
