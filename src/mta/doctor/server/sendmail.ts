import { readFileSync } from 'node:fs';

import { SystemError, codeOf } from '../../../util/errors.js';
import { findProgram } from '../../../util/programs.js';
import { runProgram } from '../../../util/run-program.js';
import {
  type LookOptions,
  type MailServer,
  type Outcome,
  STRANGER,
  testableCodes,
} from './mail-server.js';
import { lookupUses, parseVerdict } from './sendmail-rules.js';

const USUAL_FILE = '/etc/mail/sendmail.cf';
const ORIGIN = 'the Debian package sendmail-bin';

/** Debian's own name first: `sendmail` may be that of another mail server. */
const PROGRAMS = ['/usr/libexec/sendmail/sendmail', '/usr/lib/sm.bin/sendmail', 'sendmail'];

/** sendmail, by its sendmail.cf and its test mode (`-bt`), which changes and sends nothing. */
export const sendmail: MailServer = {
  name: 'sendmail',
  hasFilters: true,
  filtered(zone, codes) {
    return `FEATURE(\`enhdnsbl', \`${zone}', \`"550 5.7.1 Refused"', \`'${codes.map((code) => `, \`${code}.'`).join('')})dnl`;
  },
  async look(options) {
    const file = options.file ?? USUAL_FILE;
    const cf = readIfThere(file, options.file !== undefined);
    if (cf === undefined) return undefined;
    const version = await testMode('', file, options, ['-d0.1']);
    const number = /^Version (\S+)/m.exec(version)?.[1];
    // another mail server's program of this name
    if (number === undefined) throw new SystemError(`sendmail -bt tells no version for ${file}`);
    const uses = lookupUses(cf);
    const outcomes: Outcome[] = [];
    for (const zone of options.zones) {
      const use = uses.find((one) => zone.hosts.includes(one.host));
      // who passes is said in Local_check_relay, which this rule set is not part of
      if (use === undefined || zone.isApproved) continue;
      for (const code of testableCodes(zone)) {
        const rule = 'Basic_check_relay';
        // the access map is asked about the argument, where 127/8 may be trusted; zones about the macro
        const input = `.D{client_addr}${code}\n${rule} doctor.invalid $| ${STRANGER}\n`;
        const verdict = parseVerdict(await testMode(input, file, options));
        outcomes.push({ host: use.host, code, ...verdict, asked: `sendmail -bt: ${rule}` });
      }
    }
    return { title: `sendmail ${number}`, place: file, uses, outcomes, findings: [] };
  },
};

function readIfThere(file: string, isNamed: boolean): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || isNamed) {
      throw new SystemError(`${file} cannot be read (${codeOf(error) ?? 'unknown'})`);
    }
    return undefined;
  }
}

async function testMode(
  input: string,
  file: string,
  { timeoutMs }: LookOptions,
  more: readonly string[] = [],
): Promise<string> {
  const program = PROGRAMS.find((name) => findProgram(name) !== undefined) ?? 'sendmail';
  const words = ['-C', file, ...more, '-bt'];
  const { stdout, stderr } = await runProgram(program, words, { input, origin: ORIGIN, timeoutMs });
  return `${stdout}${stderr}`;
}
