import { type ZoneUse, plainHost } from './mail-server.js';

/** Zones that rblsmtpd asks in a script: `-r zone:text` refuses, `-a zone` lets pass. */
export function rblsmtpdUses(place: string, script: string): ZoneUse[] {
  const words = script
    .replaceAll(/^\s*#.*$/gm, '')
    .replaceAll('\\\n', ' ')
    .split(/[\s"']+/);
  let isInside = false;
  return words.flatMap((word, at): ZoneUse[] => {
    if (/(?:^|\/)rblsmtpd$/.test(word)) isInside = true;
    else if (/(?:^|\/)qmail-smtpd$/.test(word)) isInside = false;
    if (!isInside || (word !== '-r' && word !== '-a')) return [];
    const [zone = ''] = (words[at + 1] ?? '').split(':');
    const effect = word === '-a' ? 'pass' : 'refuse';
    return [{ place, host: plainHost(zone), codes: undefined, effect }];
  });
}
