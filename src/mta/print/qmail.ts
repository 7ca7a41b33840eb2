import { UsageError } from '../../util/errors.js';
import { type ConfigurationPrinter, head } from '../printed-file.js';
import type { MailSettings, ZoneQuestion } from '../settings.js';

/** The line that starts qmail's SMTP server on most systems, up to what is ours. */
const TCPSERVER = `exec tcpserver -v -R -l "$(head -n 1 /var/qmail/control/me)" \\
  -x /etc/tcp.smtp.cdb -u "$(id -u qmaild)" -g "$(id -g qmaild)" 0 smtp`;

/**
 * rblsmtpd of ucspi-tcp, before qmail-smtpd. It asks for TXT and nothing else, so it cannot tell
 * return codes apart: every zone means one thing, 553 with `-b` or 451 without it.
 */
export const qmail: ConfigurationPrinter = {
  name: 'qmail',
  summary: 'qmail with rblsmtpd: 553 and 451, one zone for each action',
  map: 'tcprules',
  print(settings) {
    if (settings.isDryRun) {
      throw new UsageError(
        'rblsmtpd has no dry run: whom a zone lists, it refuses; leave --warn-only out, ' +
          'or see whom it would be with the query log of the DNSBL (dnsbl.query_log)',
      );
    }
    if (settings.map === undefined) {
      assertOneAction(settings);
      assertTexts(settings);
    }
    return [{ name: 'run', text: runText(settings) }];
  },
};

function assertOneAction({ refusals }: MailSettings): void {
  const mixed = refusals.reject.flatMap((question) => {
    const other = refusals.tempfail.find(({ host }) => host === question.host);
    return other === undefined ? [] : [{ question, other }];
  });
  if (mixed.length === 0) return;
  const lines = mixed.map(({ question, other }) => {
    const zone = question.isSecret
      ? `KEY${question.host.slice(question.host.indexOf('.'))}`
      : question.host;
    return (
      `the zone ${zone} mixes actions, and rblsmtpd cannot tell return codes apart: ` +
      `${namesOf(question)} reject, ${namesOf(other)} tempfail; ` +
      'expected a zone for each action: move the lists of one to a second entry of dnsbl.zones'
    );
  });
  throw new UsageError(lines.join('\n'));
}

/** Where there is no TXT record, rblsmtpd finds nothing, and says nothing of it. */
function assertTexts({ refusals }: MailSettings): void {
  const silent = [...refusals.reject, ...refusals.tempfail].flatMap((one) => one.silentLists);
  if (silent.length === 0) return;
  throw new UsageError(
    `rblsmtpd asks for TXT records only, and there is none for ${silent.join(', ')}; ` +
      'expected a text for each list of the zones, such as text: "blocked by hand: $"',
  );
}

function namesOf({ lists, codes }: ZoneQuestion): string {
  return (lists.length > 0 ? lists : codes).join(', ');
}

function runText(settings: MailSettings): string {
  const top = head(
    '#',
    [
      'For the script that starts qmail-smtpd, such as /service/qmail-smtpd/run.',
      'rblsmtpd exempts no recipient, asks no zone about IPv6, and looks at no return code:',
      'a zone means one thing. The text a client gets is the TXT record of the zone.',
    ],
    settings,
  );
  const { approvals, refusals, map } = settings;
  if (map !== undefined) {
    const note =
      '# The map sets RBLSMTPD for listed clients, which rblsmtpd then refuses; it asks no zone.\n';
    const server = TCPSERVER.replace('/etc/tcp.smtp.cdb', `${map}.cdb`);
    // without -r it would ask a zone that is long gone; this name never exists (RFC 6761 6.4)
    return `#!/bin/sh\n${top}${note}${server} \\\n  rblsmtpd -r invalid \\\n  qmail-smtpd\n`;
  }
  const passes = approvals.map(({ host }) => `-a ${host}`);
  const asks = (questions: readonly ZoneQuestion[], option: string): string[] => {
    if (questions.length === 0) return [];
    const zones = questions.map(({ host }) => `-r ${host}`);
    return [['rblsmtpd', ...(option ? [option] : []), ...passes, ...zones].join(' ')];
  };
  const steps = [TCPSERVER, ...asks(refusals.reject, '-b'), ...asks(refusals.tempfail, '')];
  return `#!/bin/sh\n${top}${[...steps, 'qmail-smtpd'].join(' \\\n  ')}\n`;
}
