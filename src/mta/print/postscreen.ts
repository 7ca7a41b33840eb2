import { UsageError } from '../../util/errors.js';
import { type ConfigurationPrinter, commentLines, head } from '../printed-file.js';
import type { MailSettings } from '../settings.js';
import { postfixFilters } from './postfix-filter.js';

const REPLIES = 'sekisho-postscreen-replies';

/** What a refused client is told to have been blocked by, instead of the zone. */
const SHOWN_ZONE = 'local policy';

/** A list that refuses is enough by itself; other zones of main.cf may add to it. */
const THRESHOLD = 3;

/**
 * postscreen(8), before Postfix's SMTP server. It knows no 450 for a list, no exempt recipient
 * and no text of a list; its answer names the zone unless the reply map says another word, and
 * its action is `ignore` unless it is set.
 */
export const postscreen: ConfigurationPrinter = {
  name: 'postscreen',
  summary: 'Postfix postscreen: 550 only, before a recipient is known',
  print(settings) {
    const { refusals } = settings;
    if (refusals.reject.length === 0) {
      throw new UsageError(
        'postscreen only refuses for good, and every list has the action tempfail; ' +
          'expected one with action: reject, or leave it to `sekisho mta print postfix`',
      );
    }
    return [
      { name: 'sekisho-postscreen.cf', text: mainText(settings) },
      { name: REPLIES, text: repliesText(settings) },
    ];
  },
};

function mainText(settings: MailSettings): string {
  const { approvals, refusals, isDryRun } = settings;
  const deferred = refusals.tempfail.flatMap(({ lists }) => lists);
  const top = head(
    '#',
    [
      `For main.cf, the file ${REPLIES} beside it; then \`postfix reload\`.`,
      'In master.cf postscreen has the port, and smtpd, dnsblog and tlsproxy are behind it:',
      '  smtp      inet  n  -  y  -  1  postscreen',
      '  smtpd     pass  -  -  y  -  -  smtpd',
      '  dnsblog   unix  -  -  y  -  0  dnsblog',
      '  tlsproxy  unix  -  -  y  -  0  tlsproxy',
      'postscreen exempts no recipient, not even postmaster.',
      ...(deferred.length > 0
        ? [`It cannot refuse for a while: ${deferred.join(', ')} are left to smtpd.`]
        : []),
    ],
    settings,
  );
  const refusing = refusals.reject.flatMap(postfixFilters);
  // an approved client passes even where every list has it
  const relief = THRESHOLD * refusing.length;
  const sites = [
    ...refusing.map((filter) => `${filter}*${THRESHOLD}`),
    ...approvals.flatMap(postfixFilters).map((filter) => `${filter}*-${relief}`),
  ];
  return `${top}postscreen_dnsbl_sites =
    ${sites.join(',\n    ')}
postscreen_dnsbl_threshold = ${THRESHOLD}
postscreen_dnsbl_action = ${isDryRun ? 'ignore' : 'enforce'}
postscreen_dnsbl_reply_map = texthash:$config_directory/${REPLIES}
`;
}

function repliesText(settings: MailSettings): string {
  const hosts = [...settings.refusals.reject, ...settings.approvals].map(({ host }) => host);
  const lines = [...new Set(hosts)].map((host) => `${host} ${SHOWN_ZONE}\n`);
  const top = commentLines('#', ['What replies name instead of the zone.']);
  return top + lines.join('');
}
