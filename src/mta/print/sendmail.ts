import type { MailAction } from '../../config/values.js';
import { type ConfigurationPrinter, commentLines, expandText, head } from '../printed-file.js';
import type { MailSettings, ZoneQuestion } from '../settings.js';
import { STATUS } from './postfix.js';

/** Codes that one FEATURE(`enhdnsbl') takes (enhdnsbl.m4: its arguments 4 to 9). */
const CODES_A_FEATURE = 6;

/**
 * sendmail with FEATURE(`enhdnsbl'), a line for each zone and action. Its rules look at IPv4
 * alone: IPv6 takes the access map (`--maps`) or a milter. It has no feature for zones that
 * approve, nor a dry run: both are rules in Local_check_relay.
 */
export const sendmail: ConfigurationPrinter = {
  name: 'sendmail',
  summary: 'sendmail: m4 features and lines for its access map; IPv6 by that map',
  map: 'sendmail-access',
  print(settings) {
    const files = [{ name: 'sekisho.mc', text: featureText(settings) }];
    if (settings.map !== undefined) return files;
    const rules = ruleText(settings);
    return [
      ...files,
      ...(rules === '' ? [] : [{ name: 'sekisho-rules.mc', text: rules }]),
      { name: 'sekisho-access', text: accessText(settings) },
    ];
  },
};

function featureText(settings: MailSettings): string {
  const { map, isDryRun, refusals } = settings;
  const asksZones = map === undefined;
  const top = head(
    'dnl',
    asksZones
      ? [
          "For sendmail.mc, before its MAILER lines; it needs FEATURE(`access_db'), too.",
          'The lines of sekisho-access go into /etc/mail/access; then make, and restart sendmail.',
          "sendmail asks zones about IPv4 only: for IPv6 add `sekisho mta print sendmail --maps'",
          'or the milter.',
        ]
      : ["For sendmail.mc, before its MAILER lines, instead of the FEATURE(`access_db') there."],
    settings,
  );
  const lines = ["FEATURE(`delay_checks', `friend')dnl"];
  if (map !== undefined) {
    lines.push(`FEATURE(\`access_db', \`hash -T<TMPF> ${map}')dnl`);
  } else if (!isDryRun) {
    for (const action of ['reject', 'tempfail'] as const) {
      lines.push(...refusals[action].flatMap((question) => features(settings, action, question)));
    }
  }
  return `${top}${lines.join('\n')}\n`;
}

function features(settings: MailSettings, action: MailAction, question: ZoneQuestion): string[] {
  const text = expandText(settings.texts[action], '" $&{client_addr} "');
  const message = `"${STATUS[action]} ${text}"`.replace(/ ""$/, '');
  const lines: string[] = [];
  for (let at = 0; at < question.codes.length; at += CODES_A_FEATURE) {
    const codes = question.codes.slice(at, at + CODES_A_FEATURE).map((code) => `, \`${code}.'`);
    // quoted twice: enhdnsbl.m4 expands it once more, and m4 knows words such as dnl and DOMAIN
    const quoted = `\`\`${message}''`;
    lines.push(`FEATURE(\`enhdnsbl', \`${question.host}', ${quoted}, \`'${codes.join('')})dnl`);
  }
  return lines;
}

/** Left and right side of a rule stand apart by tabs. */
function ruleText(settings: MailSettings): string {
  const { approvals, refusals, isDryRun } = settings;
  const watched = isDryRun ? (['reject', 'tempfail'] as const) : [];
  if (approvals.length === 0 && watched.length === 0) return '';
  const lines = [
    'LOCAL_CONFIG',
    'Ksekisho dns -R A -a. -T<TMP> -r5',
    ...(isDryRun ? ['KsekishoLog syslog -LNotice'] : []),
    'LOCAL_RULESETS',
    'SLocal_check_relay',
    ...approvals.flatMap((question) => [
      ...lookup(question),
      ...question.codes.map((code) => `R<?>${code}.\t\t$#OK`),
    ]),
    ...watched.flatMap((action) =>
      refusals[action].flatMap((question) => [
        ...lookup(question),
        ...question.codes.map(
          (code) =>
            `R<?>${code}.\t\t$: $(sekishoLog "sekisho would ${action} client " $&{client_addr} $)`,
        ),
      ]),
    ),
  ];
  const top = commentLines('dnl', [
    'For the end of sendmail.mc, behind its MAILER lines: who is approved passes.',
    'Where it has an SLocal_check_relay already, these rules go to its beginning.',
  ]);
  return `${top}${lines.join('\n')}\n`;
}

function lookup({ host }: ZoneQuestion): string[] {
  return [
    'R$*\t\t\t$: $&{client_addr}',
    `R$-.$-.$-.$-\t\t$: <?> $(sekisho $4.$3.$2.$1.${host}. $: NO $)`,
  ];
}

function accessText(settings: MailSettings): string {
  const top = commentLines('#', ['For /etc/mail/access: recipients whose mail is never refused.']);
  return top + exemptLines(settings).join('');
}

/** `user@` is that user at the host's own names; other domains are named each. */
export function exemptLines({
  exempt,
  domains,
}: Pick<MailSettings, 'exempt' | 'domains'>): string[] {
  return exempt
    .flatMap((one) =>
      one.includes('@') ? [one] : [`${one}@`, ...domains.map((domain) => `${one}@${domain}`)],
    )
    .map((one) => `Spam:${one}\tFRIEND\n`);
}
