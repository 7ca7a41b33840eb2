import type { MailAction } from '../../config/values.js';
import {
  type ConfigurationPrinter,
  type PrintedFile,
  commentLines,
  head,
  textWithoutAddress,
} from '../printed-file.js';
import type { MailSettings, ZoneQuestion } from '../settings.js';
import { SYMBOLS } from './symbols.js';

/** What rspamd calls it. */
const ACTIONS: Readonly<Record<MailAction, string>> = { reject: 'reject', tempfail: 'soft reject' };

/**
 * rspamd's module rbl, with force_actions for a verdict that does not depend on the score. It
 * asks for A records, and does not judge local addresses or authenticated users.
 */
export const rspamd: ConfigurationPrinter = {
  name: 'rspamd',
  summary: 'rspamd: symbols with scores, and actions',
  print(settings) {
    const { knownHosts, nameServer, isDryRun } = settings;
    return [
      { name: 'local.d/rbl.conf', text: rblText(settings) },
      { name: 'local.d/rbl_group.conf', text: scoresText(settings) },
      ...(isDryRun ? [] : [{ name: 'local.d/force_actions.conf', text: actionsText(settings) }]),
      ...(knownHosts.length > 0 ? [KNOWN_HOSTS] : []),
      ...(knownHosts.length > 0 || nameServer ? [optionsFile(settings)] : []),
    ];
  },
};

function rblText(settings: MailSettings): string {
  const top = head(
    '#',
    ['For /etc/rspamd/local.d/rbl.conf; then restart rspamd. The other files go beside it.'],
    settings,
  );
  const { approvals, refusals } = settings;
  const zones = new Map<string, string[]>();
  const add = ({ host, codes }: ZoneQuestion, symbol: string): void => {
    const list = codes.map((code) => `"${code}"`).join(', ');
    zones.set(host, [...(zones.get(host) ?? []), `      ${symbol} = [${list}];\n`]);
  };
  for (const question of refusals.reject) add(question, SYMBOLS.reject);
  for (const question of refusals.tempfail) add(question, SYMBOLS.tempfail);
  for (const question of approvals) add(question, SYMBOLS.approved);
  const blocks = [...zones].map(
    ([host, codes], at) => `  sekisho_${at + 1} {
    symbol = "SEKISHO_ZONE_${at + 1}";
    rbl = "${host}";
    checks = ["from"];
    ipv4 = true;
    ipv6 = true;
    unknown = false;
    returncodes {
${codes.join('')}    }
  }
`,
  );
  return `${top}rbls {\n${blocks.join('')}}\n`;
}

function scoresText(settings: MailSettings): string {
  const { scores, isDryRun } = settings;
  const rows = (['reject', 'tempfail', 'approved'] as const).map((what) => {
    const weight = what === 'approved' ? -scores.approved : scores[what];
    return `  "${SYMBOLS[what]}" {
    weight = ${(isDryRun ? 0 : weight).toFixed(1)};
    description = "Sekisho: the client's address is in a list (${what})";
  }
`;
  });
  const top = commentLines('#', ['For /etc/rspamd/local.d/rbl_group.conf.']);
  return `${top}symbols = {\n${rows.join('')}}\n`;
}

function actionsText(settings: MailSettings): string {
  const { texts, refusals } = settings;
  const rules = (['reject', 'tempfail'] as const)
    .filter((action) => refusals[action].length > 0)
    .map(
      (action) => `  ${SYMBOLS[action]} {
    action = "${ACTIONS[action]}";
    expression = "${SYMBOLS[action]} & !${SYMBOLS.approved}${action === 'tempfail' ? ` & !${SYMBOLS.reject}` : ''}";
    message = "${textWithoutAddress(texts[action])}";
  }
`,
    );
  const top = commentLines('#', [
    'For /etc/rspamd/local.d/force_actions.conf: what a listed client gets, whatever its score.',
    'Without this file the scores alone decide.',
  ]);
  return `${top}rules {\n${rules.join('')}}\n`;
}

/** Behind a gateway the address that is judged is the one that sent to it. */
const KNOWN_HOSTS: PrintedFile = {
  name: 'local.d/external_relay.conf',
  text: `# For /etc/rspamd/local.d/external_relay.conf: behind a known host (options.inc) the address
# that is judged is the first in the Received headers that is not known.
enabled = true;
rules {
  SEKISHO_KNOWN_HOST {
    strategy = "local";
  }
}
`,
};

/** Those of rspamd's own options.inc; an array that is named anew replaces them. */
const LOCAL_ADDRESSES = [
  ...['192.168.0.0/16', '10.0.0.0/8', '172.16.0.0/12', 'fd00::/8', '169.254.0.0/16', 'fe80::/10'],
  ...['127.0.0.0/8', '::1'],
];

function optionsFile(settings: MailSettings): PrintedFile {
  const { knownHosts, nameServer } = settings;
  const addresses = [...LOCAL_ADDRESSES, ...knownHosts].map((one) => `  "${one}",\n`).join('');
  const known = knownHosts.length === 0 ? '' : `local_addrs = [\n${addresses}];\n`;
  const dns =
    nameServer === undefined
      ? ''
      : `# It is asked about everything, so it has to know other names, too.
dns {
  nameserver = ["${nameServer.address}:${nameServer.port}:1"];
}
`;
  return {
    name: 'local.d/options.inc',
    text: `# For /etc/rspamd/local.d/options.inc.\n${known}${dns}`,
  };
}
