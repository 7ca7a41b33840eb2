import { type ConfigurationPrinter, commentLines, head } from '../printed-file.js';
import type { MailSettings, ZoneQuestion } from '../settings.js';
import { SYMBOLS } from './symbols.js';

/**
 * SpamAssassin: a score for the last address outside of internal_networks, which is what mail
 * gateways call known hosts, and the countries of all relays from an MMDB file.
 */
export const spamassassin: ConfigurationPrinter = {
  name: 'spamassassin',
  summary: 'SpamAssassin: scores, and countries of relays from an MMDB file',
  print(settings) {
    return [
      { name: 'sekisho.cf', text: rulesText(settings) },
      ...(settings.countryDatabase === undefined ? [] : [{ name: 'sekisho.pre', text: preText() }]),
    ];
  },
};

type Kind = keyof typeof SYMBOLS;

function rulesText(settings: MailSettings): string {
  const { knownHosts, nameServer, refusals, approvals } = settings;
  const top = head(
    '#',
    ['For /etc/spamassassin/sekisho.cf; then `spamassassin --lint`, and restart spamd.'],
    settings,
  );
  const questions = [...refusals.reject, ...refusals.tempfail, ...approvals];
  const hosts = [...new Set(questions.map(({ host }) => host))];
  const setOf = (host: string): string => `sekisho${hosts.indexOf(host) + 1}`;
  const lines = [
    ...(knownHosts.length > 0
      ? [
          `trusted_networks ${knownHosts.join(' ')}`,
          `internal_networks ${knownHosts.join(' ')}`,
          '',
        ]
      : []),
    ...(nameServer === undefined
      ? []
      : [`dns_server ${bracketed(nameServer.address)}:${nameServer.port}`, '']),
    'ifplugin Mail::SpamAssassin::Plugin::DNSEval',
    ...hosts.flatMap((host) => zoneRules(host, setOf(host))),
    ...rules(settings, 'reject', refusals.reject, setOf),
    ...rules(settings, 'tempfail', refusals.tempfail, setOf),
    ...rules(settings, 'approved', approvals, setOf),
    'endif',
    ...countryLines(settings),
  ];
  return `${top}${lines.join('\n')}\n`;
}

/** The zone is asked once, by a hidden rule. */
function zoneRules(host: string, set: string): string[] {
  const name = `__${set.toUpperCase()}`;
  return [`header ${name} eval:check_rbl('${set}-lastexternal', '${host}.')`, `tflags ${name} net`];
}

/** A hidden rule for each zone and code, and one that any of them makes true. */
function rules(
  { scores, isDryRun }: MailSettings,
  kind: Kind,
  questions: readonly ZoneQuestion[],
  setOf: (host: string) => string,
): string[] {
  if (questions.length === 0) return [];
  const symbol = SYMBOLS[kind];
  const parts: string[] = [];
  const lines = questions.flatMap(({ host, codes }) =>
    codes.flatMap((code) => {
      const name = `__${symbol}_${parts.push(`__${symbol}_${parts.length + 1}`)}`;
      return [
        `header ${name} eval:check_rbl_sub('${setOf(host)}-lastexternal', '${code}')`,
        `tflags ${name} net`,
      ];
    }),
  );
  const score = kind === 'approved' ? -scores.approved : scores[kind];
  return [
    ...lines,
    `meta ${symbol} ${parts.join(' || ')}`,
    `describe ${symbol} Client is in a list of Sekisho (${kind})`,
    `tflags ${symbol} net${kind === 'approved' ? ' nice' : ''}`,
    // a score of 0 would switch the rule off
    `score ${symbol} ${isDryRun ? '0.001' : score.toFixed(1)}`,
  ];
}

function countryLines({ countryDatabase }: MailSettings): string[] {
  if (countryDatabase === undefined) return [];
  return [
    '',
    'ifplugin Mail::SpamAssassin::Plugin::RelayCountry',
    'geodb_module GeoIP2',
    `geodb_options country:${countryDatabase}`,
    'add_header all Relay-Country _RELAYCOUNTRY_',
    '# header FROM_FAR_AWAY X-Relay-Countries =~ /\\b(?:KR|CN)\\b/',
    '# score FROM_FAR_AWAY 2.0',
    'endif',
  ];
}

function preText(): string {
  const top = commentLines('#', [
    "For /etc/spamassassin/sekisho.pre. It needs the Perl modules of Debian's packages",
    'libgeoip2-perl or libmaxmind-db-reader-perl.',
  ]);
  return `${top}loadplugin Mail::SpamAssassin::Plugin::RelayCountry\n`;
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
