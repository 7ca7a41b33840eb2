import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { codeOf } from '../../../util/errors.js';
import { findProgram } from '../../../util/programs.js';
import { runProgram } from '../../../util/run-program.js';
import { finding } from '../finding.js';
import type { MailServer } from './mail-server.js';
import { ruleUses } from './spamassassin-rules.js';

const FOLDERS = ['/etc/spamassassin', '/etc/mail/spamassassin'];

/** SpamAssassin, by the rules of its folder. */
export const spamassassin: MailServer = {
  name: 'spamassassin',
  hasFilters: true,
  filtered(zone, codes) {
    return `header NAME eval:check_rbl_sub('SET', '${codes[0] ?? '127.0.0.2'}') for the set that asks ${zone}, and a score for it`;
  },
  async look({ zones, file, timeoutMs }) {
    if (findProgram('spamassassin') === undefined) return undefined;
    const folders = file === undefined ? FOLDERS : [file];
    const texts = folders.flatMap(readRules);
    const { stdout } = await runProgram('spamassassin', ['--version'], {
      origin: 'the Debian package spamassassin',
      timeoutMs,
    });
    const uses = ruleUses(texts.join('\n'));
    const isAsked = zones.some(({ hosts }) => uses.some(({ host }) => hosts.includes(host)));
    const WHAT = 'what SpamAssassin does with a listed client';
    return {
      title: /^SpamAssassin version \S+/m.exec(stdout)?.[0] ?? 'SpamAssassin',
      place: folders.join(', '),
      uses,
      outcomes: [],
      findings: isAsked
        ? [finding('not-checked', { WHAT, REASON: 'its score depends on the message' })]
        : [],
    };
  },
};

/** The files that it reads of a folder, in their order; a file is itself. */
function readRules(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [readFileSync(path, 'utf8')];
    const names = readdirSync(path).filter((name) => name.endsWith('.cf'));
    return names.sort().map((name) => readFileSync(join(path, name), 'utf8'));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return []; // only one of its folders is there
  }
}
