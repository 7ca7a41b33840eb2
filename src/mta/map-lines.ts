import type { MtaConfig } from '../config/schema.js';
import type { MailAction } from '../config/values.js';
import { type MapKind, textWithoutAddress } from './printed-file.js';
import { STATUS } from './print/postfix.js';
import type { MailSettings } from './settings.js';
import { exemptLines } from './print/sendmail.js';

/** What becomes of the clients in a part of a map. */
export type Passage = MailAction | 'approved';

/** Name of a map in the folder of `--maps`. */
export const MAP_FILES: Readonly<Record<MapKind, string>> = {
  'postfix-cidr': 'sekisho-clients.cidr',
  'sendmail-access': 'sekisho-access',
  tcprules: 'sekisho-tcprules',
};

/** What stands behind an address in a map, in the words of its mail server. */
export function mailMapAction(
  kind: MapKind,
  passage: Passage,
  { texts }: Pick<MailSettings, 'texts'>,
): string {
  const text = passage === 'approved' ? '' : textWithoutAddress(texts[passage]);
  switch (kind) {
    // access(5) of Postfix
    case 'postfix-cidr':
      return passage === 'approved' ? 'OK' : `${STATUS[passage]} ${text}`;
    // cf/README, "ANTI-SPAM CONFIGURATION CONTROL"
    case 'sendmail-access': {
      if (passage === 'approved') return 'OK';
      const [code = '', status = ''] = STATUS[passage].split(' ');
      // without quotes a parenthesis without its fellow makes it a 553 that says all of this
      return `ERROR:${status}:"${code} ${text}"`;
    }
    // rblsmtpd(1): 553 where it begins with a hyphen, else 451; nothing where it is empty
    case 'tcprules':
      return `allow,RBLSMTPD="${passage === 'reject' ? '-' : ''}${text}"`;
  }
}

/** What stands before the addresses. */
export function mailMapStart(kind: MapKind, { exempt, domains }: MtaConfig): string {
  const top = '# Made by `sekisho`; changes here are lost.\n';
  return kind === 'sendmail-access' ? top + exemptLines({ exempt, domains }).join('') : top;
}

/** Who is in no list: without a rule of one's own rblsmtpd would ask a zone about him. */
export function mailMapEnd(kind: MapKind, ownLines: string): string {
  if (kind !== 'tcprules' || /^:/m.test(ownLines)) return '';
  return ':allow,RBLSMTPD=""\n';
}
