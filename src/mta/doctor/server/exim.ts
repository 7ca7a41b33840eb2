import { SystemError } from '../../../util/errors.js';
import { findProgram } from '../../../util/programs.js';
import { runProgram } from '../../../util/run-program.js';
import { type Finding, finding } from '../finding.js';
import {
  type LookOptions,
  type MailServer,
  type Outcome,
  STRANGER,
  testableCodes,
} from './mail-server.js';
import { dnslistsUses } from './exim-dnslists.js';
import { sessionReply, sessionScript } from './smtp-session.js';

const ORIGIN = 'the Debian package exim4-daemon-light';

/** Exim 4, by its own reading of its configuration (`-bP config`) and a session for show (`-bh`). */
export const exim: MailServer = {
  name: 'exim',
  hasFilters: true,
  filtered(zone, codes) {
    return `dnslists = ${zone}=${codes.join(',')}`;
  },
  async look(options) {
    const program = ['exim4', 'exim'].find((name) => findProgram(name) !== undefined);
    if (program === undefined) return undefined;
    const exim = (words: readonly string[], input = ''): Promise<Said> =>
      run(program, words, input, options);
    const [about, config, host] = await Promise.all([
      exim(['-bV']),
      exim(['-bP', 'config']),
      exim(['-bP', 'primary_hostname']),
    ]);
    const version = /Exim version (\S+)/.exec(about.stdout)?.[1] ?? 'of an unknown version';
    const file = /^Configuration file is (.+)$/m.exec(about.stdout)?.[1];
    const uses = dnslistsUses(config.stdout);
    const hostName = /=\s*(\S+)/.exec(host.stdout)?.[1] ?? 'localhost';
    const findings: Finding[] = [];
    const outcomes: Outcome[] = [];
    for (const zone of options.zones) {
      const use = uses.find((one) => zone.hosts.includes(one.host));
      if (use === undefined) continue;
      for (const code of testableCodes(zone)) {
        // without callouts (-bhc), which would be traffic to others
        const { stdout, stderr } = await exim(['-bh', code], sessionScript(hostName));
        const reply = sessionReply(stdout);
        const isListed = stderr.includes(`=> that means ${code} is listed at ${use.host}`);
        const isRefused = /^[45]/.test(reply);
        if (isRefused && !isListed) {
          const WHAT = `what Exim does with ${code} in ${zone.shown}`;
          findings.push(finding('not-checked', { WHAT, REASON: `it refuses it anyway: ${reply}` }));
          continue;
        }
        if (!isRefused && !isListed && (await asksAboutStrangers(exim, hostName, use.host))) {
          const WHAT = `what Exim does with ${code} in ${zone.shown}`;
          const REASON = `it lets ${code} in before it asks, where it asks about ${STRANGER}: it seems to trust 127.0.0.0/8, which holds the test entries`;
          findings.push(finding('not-checked', { WHAT, REASON }));
          continue;
        }
        const isPassed = use.effect === 'refuse' || !isListed;
        const effect = isRefused ? 'refuse' : isPassed ? 'pass' : use.effect;
        outcomes.push({ host: use.host, code, effect, reply, asked: `exim -bh ${code}` });
      }
    }
    return {
      title: `Exim ${version}`,
      place: file ?? 'its configuration',
      uses,
      outcomes,
      findings,
    };
  },
};

/** Whether a zone is asked about a client that nobody knows: its test entries may be trusted. */
async function asksAboutStrangers(
  exim: (words: readonly string[], input: string) => Promise<Said>,
  hostName: string,
  host: string,
): Promise<boolean> {
  const { stderr } = await exim(['-bh', STRANGER], sessionScript(hostName));
  return stderr.includes(`${STRANGER.split('.').reverse().join('.')}.${host}`);
}

interface Said {
  readonly stdout: string;
  readonly stderr: string;
}

async function run(
  program: string,
  words: readonly string[],
  input: string,
  { file, timeoutMs }: LookOptions,
): Promise<Said> {
  const args = [...(file === undefined ? [] : ['-C', file]), ...words];
  const { code, stdout, stderr } = await runProgram(program, args, {
    input,
    origin: ORIGIN,
    timeoutMs,
  });
  if (code !== 0) throw new SystemError(`${program} ${words.join(' ')}: ${stderr.trim()}`);
  return { stdout, stderr };
}
