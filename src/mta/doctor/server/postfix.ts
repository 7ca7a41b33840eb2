import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { SystemError, codeOf } from '../../../util/errors.js';
import { findProgram } from '../../../util/programs.js';
import { runProgram } from '../../../util/run-program.js';
import { checkChroot } from '../check/chroot.js';
import { matchesCode } from '../code-pattern.js';
import { type Finding, finding } from '../finding.js';
import { RESOLV_CONF } from '../look/resolv-conf.js';
import type { LookOptions, MailServer, Outcome } from './mail-server.js';
import {
  type Parameters,
  type PostfixUse,
  type Service,
  parseParameters,
  parseServices,
  postscreenUses,
  restrictionUses,
} from './postfix-restrictions.js';

const ORIGIN = 'the Debian package postfix';

/** Postfix: smtpd and postscreen, by postconf(1) and postmap(1). */
export const postfix: MailServer = {
  name: 'postfix',
  hasFilters: true,
  filtered(zone, codes) {
    return `instead of ${zone} write ${codes.map((code) => `${zone}=${code}`).join(' and ')}, each with its own reject_rbl_client; then postfix reload`;
  },
  async look(options) {
    if (findProgram('postconf') === undefined) return undefined;
    const postconf = (...words: string[]): Promise<string> => run('postconf', words, options);
    const [main, all, perService, master] = await Promise.all([
      postconf('-n', '-x'),
      postconf('-x', ...ALWAYS),
      postconf('-P', '-x'),
      postconf('-M'),
    ]);
    const own = parseParameters(main);
    const parameters = new Map([...own, ...parseParameters(all)]);
    const value = (name: string): string => parameters.get(name) ?? '';
    const services = parseServices(master, Number.parseInt(value('compatibility_level')) < 1);
    const hasPostscreen = services.some(({ command }) => command === 'postscreen');
    const smtpdUses = restrictionUses(new Map([...own, ...parseParameters(perService)]));
    const screenUses = hasPostscreen ? postscreenUses(parameters) : [];
    const { outcomes, leaks } = await repliesOf(smtpdUses, parameters, options);
    return {
      title: `Postfix ${value('mail_version')}`,
      place: join(value('config_directory'), 'main.cf'),
      uses: [...smtpdUses, ...screenUses],
      outcomes,
      findings: [
        ...leaks,
        ...screenFindings(screenUses, parameters, options),
        ...chrootFindings(value('queue_directory'), services),
      ],
    };
  },
};

/** Parameters that are looked at also where main.cf does not name them. */
const ALWAYS = [
  ...['mail_version', 'config_directory', 'queue_directory', 'compatibility_level'],
  ...['rbl_reply_maps', 'postscreen_dnsbl_action', 'postscreen_dnsbl_reply_map'],
  ...['postscreen_dnsbl_sites', 'maps_rbl_reject_code'],
];

/** What smtpd would say for each code, by its own reply maps. */
async function repliesOf(
  uses: readonly PostfixUse[],
  parameters: Parameters,
  options: LookOptions,
): Promise<{ outcomes: Outcome[]; leaks: Finding[] }> {
  const maps = wordsOf(parameters.get('rbl_reply_maps'));
  const outcomes: Outcome[] = [];
  const leaks: Finding[] = [];
  for (const zone of options.zones) {
    const own = uses.filter(({ host }) => zone.hosts.includes(host));
    for (const code of zone.codes.keys()) {
      const use = own.find(({ codes }) => codes?.some((one) => matchesCode(one, code)) ?? true);
      if (use === undefined) continue;
      const { host, effect, key } = use;
      if (effect !== 'refuse') {
        outcomes.push({
          host,
          code,
          effect,
          reply: `${effect === 'log' ? 'warn_if_reject' : 'permit_dnswl_client'} in ${use.place}`,
          asked: 'postconf',
        });
        continue;
      }
      const mapped = await lookUp(key, maps, options);
      const status = parameters.get('maps_rbl_reject_code') ?? '554';
      const reply = mapped ?? `${status} 5.7.1 Service unavailable; … blocked using ${zone.shown}`;
      const asked = mapped === undefined ? 'postconf; no rbl_reply_maps has it' : `postmap -q`;
      outcomes.push({ host, code, effect, reply, asked });
      if (zone.isSecret && (mapped === undefined || mapped.includes('$rbl_domain'))) {
        leaks.push(leak(zone.shown, 'smtpd of Postfix', 'rbl_reply_maps', 'postfix'));
      }
    }
  }
  return { outcomes, leaks: leaks.slice(0, 1) };
}

async function lookUp(
  key: string,
  maps: readonly string[],
  options: LookOptions,
): Promise<string | undefined> {
  for (const map of maps) {
    // on standard input, where no list of processes shows a key of a zone
    const { code, stdout, stderr } = await runProgram(
      'postmap',
      [...place(options), '-q', '-', map],
      {
        input: `${key}\n`,
        origin: ORIGIN,
        timeoutMs: options.timeoutMs,
      },
    );
    const found = stdout.split('\t').slice(1).join('\t').trim();
    if (code === 0 && found !== '') return found;
    if (/fatal|error/.test(stderr)) {
      throw new SystemError(`postmap -q - ${map}: ${stderr.trim()}`);
    }
  }
  return undefined;
}

function screenFindings(
  uses: readonly PostfixUse[],
  parameters: Parameters,
  { zones }: LookOptions,
): Finding[] {
  const ACTION = parameters.get('postscreen_dnsbl_action') ?? 'ignore';
  const hasReplies = (parameters.get('postscreen_dnsbl_reply_map') ?? '') !== '';
  return zones.flatMap((zone) => {
    const own = uses.filter(({ host }) => zone.hosts.includes(host));
    if (own.length === 0) return [];
    const isIgnored = own.some(({ effect }) => effect === 'log');
    return [
      ...(isIgnored ? [finding('postscreen-ignores', { ZONE: zone.shown, ACTION })] : []),
      ...(zone.isSecret && !hasReplies && !isIgnored
        ? [leak(zone.shown, 'postscreen', 'postscreen_dnsbl_reply_map', 'postscreen')]
        : []),
    ];
  });
}

function leak(ZONE: string, PROGRAM: string, PLACE: string, NAME: string): Finding {
  return finding('key-in-reply', { ZONE, PROGRAM, PLACE, NAME });
}

function chrootFindings(queueFolder: string, services: readonly Service[]): Finding[] {
  const file = join(queueFolder, 'etc/resolv.conf');
  return checkChroot({
    services,
    file,
    text: readIfThere(file),
    systemFile: RESOLV_CONF,
    systemText: readIfThere(RESOLV_CONF) ?? '',
  });
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error;
    return undefined;
  }
}

function wordsOf(value = ''): string[] {
  return value.split(/[\s,]+/).filter((word) => word !== '');
}

const place = ({ file }: LookOptions): string[] => (file === undefined ? [] : ['-c', file]);

async function run(
  program: string,
  words: readonly string[],
  options: LookOptions,
): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, [...place(options), ...words], {
    origin: ORIGIN,
    timeoutMs: options.timeoutMs,
  });
  if (code !== 0) throw new SystemError(`${program} ${words.join(' ')}: ${stderr.trim()}`);
  return stdout;
}
