import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { codeOf } from '../../../util/errors.js';
import { findProgram } from '../../../util/programs.js';
import { runProgram } from '../../../util/run-program.js';
import { sessionReply, sessionScript } from './smtp-session.js';
import { type MailServer, type Outcome, testableCodes } from './mail-server.js';
import { type RblsmtpdUse, rblsmtpdUses } from './rblsmtpd-words.js';

/** Where services of daemontools and of runit are. */
const FOLDERS = ['/service', '/etc/service', '/var/service', '/var/qmail/supervise'];

/** qmail with rblsmtpd, which asks for TXT and looks at no return code. */
export const qmail: MailServer = {
  name: 'qmail',
  hasFilters: false,
  filtered: (zone) => `rblsmtpd cannot tell codes apart: one zone for each action, as ${zone}`,
  async look({ zones, file, timeoutMs }) {
    const scripts = file === undefined ? usualScripts() : [file];
    const found = scripts.flatMap((path) => {
      const text = readIfThere(path);
      return text === undefined || !/\brblsmtpd\b/.test(text) ? [] : [{ path, text }];
    });
    if (found.length === 0) return undefined;
    const uses = found.flatMap(({ path, text }) => rblsmtpdUses(path, text));
    const outcomes: Outcome[] = [];
    for (const zone of zones) {
      const use = uses.find(({ host }) => zone.hosts.includes(host));
      const [code] = testableCodes(zone);
      if (use === undefined || code === undefined || use.effect === 'pass') continue;
      outcomes.push(await ask(use, code, timeoutMs));
    }
    return {
      title: 'qmail with rblsmtpd',
      place: found.map(({ path }) => path).join(', '),
      uses,
      outcomes,
      findings: [],
    };
  },
};

/** A session with rblsmtpd itself, behind which there is no qmail-smtpd. */
async function ask(
  { host, place, isForGood }: RblsmtpdUse,
  code: string,
  timeoutMs: number,
): Promise<Outcome> {
  const program = findProgram('rblsmtpd') ?? 'rblsmtpd';
  const passing = ['echo', '250 passes'];
  const words = [
    `TCPREMOTEIP=${code}`,
    program,
    ...(isForGood ? ['-b'] : []),
    '-r',
    host,
    ...passing,
  ];
  const { stdout } = await runProgram('env', words, {
    input: sessionScript('localhost'),
    origin: 'the Debian package ucspi-tcp',
    timeoutMs,
  });
  const reply = sessionReply(stdout);
  const isRefused = /^[45]/.test(reply);
  return {
    ...{ host, code, asked: `rblsmtpd, as in ${place}` },
    effect: isRefused ? 'refuse' : 'pass',
    reply: isRefused ? reply : 'nothing; it passes',
  };
}

function usualScripts(): string[] {
  return FOLDERS.flatMap((folder) => namesIn(folder).map((name) => join(folder, name, 'run')));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return []; // services are elsewhere
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined; // a folder that is no service
  }
}
