import type { MailAction } from '../../config/values.js';
import { type ConfigurationPrinter, expandText, head } from '../printed-file.js';
import type { MailSettings, ZoneQuestion } from '../settings.js';
import { STATUS } from './postfix.js';

/** Verb of the ACL (Exim specification, chapter 44). */
const VERBS: Readonly<Record<MailAction, string>> = { reject: 'deny', tempfail: 'defer' };

/**
 * Exim's ACL for RCPT. Exempt recipients and approved clients are conditions of each statement
 * rather than an `accept` before them, which would skip the checks that follow.
 */
export const exim: ConfigurationPrinter = {
  name: 'exim',
  summary: 'Exim 4: 550 and 450 with texts of your own',
  print(settings) {
    const top = head(
      '#',
      [
        'For the ACL that acl_smtp_rcpt names, before its last accept:',
        '  .include /etc/exim4/sekisho-rcpt.acl',
        "With Debian's configuration, in /etc/exim4/conf.d/main/000_localmacros:",
        '  CHECK_RCPT_LOCAL_ACL_FILE = /etc/exim4/sekisho-rcpt.acl',
      ],
      settings,
    );
    const statements = (['reject', 'tempfail'] as const).flatMap((action) =>
      settings.refusals[action].map((question) => statement(settings, action, question)),
    );
    return [{ name: 'sekisho-rcpt.acl', text: [top, ...statements].join('\n') }];
  },
};

function statement(settings: MailSettings, action: MailAction, question: ZoneQuestion): string {
  const { approvals, exempt, isDryRun, texts } = settings;
  const text = expandText(texts[action], '$sender_host_address');
  const reason = question.tellsReason ? '${if def:dnslist_text{; $dnslist_text}}' : '';
  const said = isDryRun
    ? `log_message = sekisho would ${action}: ${text}${reason}`
    : `message = ${STATUS[action]} ${text}${reason}`;
  const recipients = exempt.map((one) => (one.includes('@') ? one : `${one}@*`)).join(' : ');
  const conditions = [
    said,
    ...(exempt.length > 0 ? [`!recipients = ${recipients}`] : []),
    '!authenticated = *',
    '!hosts = :',
    ...approvals.map((approval) => `!dnslists = ${dnslist(approval)}`),
    `dnslists = ${dnslist(question)}`,
  ];
  return `${isDryRun ? 'warn' : VERBS[action]}\n${conditions.map((one) => `  ${one}\n`).join('')}`;
}

function dnslist({ host, codes }: ZoneQuestion): string {
  return `${host}=${codes.join(',')}`;
}
