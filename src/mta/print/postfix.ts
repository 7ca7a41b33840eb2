import type { MailAction } from '../../config/values.js';
import { type ConfigurationPrinter, commentLines, expandText, head } from '../printed-file.js';
import type { MailSettings, ZoneQuestion } from '../settings.js';
import { postfixFilters } from './postfix-filter.js';

const REPLIES = 'sekisho-replies';
const EXEMPT = 'sekisho-exempt';

/** Status codes (RFC 5321 4.2, RFC 3463) of what is said to a client. */
export const STATUS: Readonly<Record<MailAction, string>> = {
  reject: '550 5.7.1',
  tempfail: '450 4.7.1',
};

/**
 * Postfix's SMTP server (postconf(5), `reject_rbl_client`). It asks for A, and for TXT on a hit.
 * The reply map's key is the text of main.cf with its filter; without it the reply is 554, and
 * names the zone.
 */
export const postfix: ConfigurationPrinter = {
  name: 'postfix',
  summary: "Postfix's SMTP server: 550 and 450 with texts of your own",
  map: 'postfix-cidr',
  print(settings) {
    const files = [
      { name: 'sekisho-main.cf', text: mainText(settings) },
      { name: EXEMPT, text: exemptText(settings) },
    ];
    if (settings.map !== undefined) return files;
    return [...files, { name: REPLIES, text: repliesText(settings) }];
  },
};

function mainText(settings: MailSettings): string {
  const top = head(
    '#',
    [
      'For main.cf, instead of the smtpd_recipient_restrictions there; then `postfix reload`.',
      `The files ${settings.map === undefined ? `${EXEMPT} and ${REPLIES}` : EXEMPT} go beside it.`,
      'Restrictions of your own belong before check_recipient_access: exempt recipients and',
      'approved clients pass everything behind it.',
    ],
    settings,
  );
  const restrictions = [
    'permit_mynetworks',
    'permit_sasl_authenticated',
    'reject_unauth_destination',
    `check_recipient_access texthash:$config_directory/${EXEMPT}`,
    ...(settings.map === undefined ? zoneRestrictions(settings) : mapRestrictions(settings)),
  ];
  const lines = [
    ...(settings.map === undefined
      ? [`rbl_reply_maps = texthash:$config_directory/${REPLIES}`]
      : []),
    // without it a client is judged before its recipient is known, and none is exempt
    'smtpd_delay_reject = yes',
    `smtpd_recipient_restrictions =\n    ${restrictions.join(',\n    ')}`,
  ];
  return `${top}${lines.join('\n')}\n`;
}

function zoneRestrictions({ approvals, refusals, isDryRun }: MailSettings): string[] {
  const warn = isDryRun ? 'warn_if_reject ' : '';
  const each = (questions: readonly ZoneQuestion[], word: string): string[] =>
    questions.flatMap((question) => postfixFilters(question).map((filter) => `${word} ${filter}`));
  return [
    ...each(approvals, 'permit_dnswl_client'),
    ...each(refusals.reject, `${warn}reject_rbl_client`),
    ...each(refusals.tempfail, `${warn}reject_rbl_client`),
  ];
}

function mapRestrictions({ map, isDryRun }: MailSettings): string[] {
  return [`${isDryRun ? 'warn_if_reject ' : ''}check_client_access cidr:${map ?? ''}`];
}

/** access(5): `user@` is that user of every domain that is ours. */
function exemptText(settings: MailSettings): string {
  const top = commentLines('#', [
    'Recipients whose mail is never refused, for check_recipient_access.',
  ]);
  const lines = settings.exempt.map((one) => `${one.includes('@') ? one : `${one}@`} OK\n`);
  return top + lines.join('');
}

function repliesText(settings: MailSettings): string {
  const lines = (['reject', 'tempfail'] as const).flatMap((action) =>
    settings.refusals[action].flatMap((question) => {
      const text = expandText(settings.texts[action], '$rbl_what');
      const reason = question.tellsReason ? '${rbl_reason?; $rbl_reason}' : '';
      return postfixFilters(question).map(
        (filter) => `${filter} ${STATUS[action]} ${text}${reason}\n`,
      );
    }),
  );
  return commentLines('#', ['Replies by zone and filter, for rbl_reply_maps.']) + lines.join('');
}
