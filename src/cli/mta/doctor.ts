import { InvalidArgumentError } from 'commander';

import type { Finding } from '../../mta/doctor/finding.js';
import type { Severity } from '../../mta/doctor/finding-table.js';
import { EXIT, type ExitCode, UsageError } from '../../util/errors.js';
import type { CommandModule } from '../command-module.js';
import { addConfigOption } from '../data-options.js';
import { writeJson, writeOut } from '../output.js';

interface DoctorCommandOptions {
  readonly config?: string;
  readonly file?: string;
  readonly timeout: number;
  readonly json?: true;
}

/** A program that hangs is given up after this; a session for show waits for DNS. */
const PROGRAM_TIMEOUT_MS = 30_000;

const EXIT_OF: Readonly<Record<Severity, ExitCode>> = {
  good: EXIT.done,
  info: EXIT.done,
  warning: EXIT.partial,
  failure: EXIT.failed,
};

const SHOWN: Readonly<Record<Severity, string>> = {
  good: 'ok     ',
  info: 'info   ',
  warning: 'warning',
  failure: 'FAILURE',
};

/** `sekisho mta doctor`. */
export const defineDoctor: CommandModule['define'] = (command, run) => {
  const doctor = command
    .command('doctor')
    .description('say what keeps mail servers from refusing listed clients, and the cure')
    .argument('[server...]', 'mail servers to look at; all that are installed where left out')
    .option('--file <file>', 'configuration file (Postfix: folder) of the one server named')
    .option('--timeout <seconds>', 'for each question, of which there are two tries', seconds, 2)
    .option('--json', 'print JSON');
  addConfigOption(doctor).action(async (servers: string[], options: DoctorCommandOptions) =>
    run(() => examine(servers, options)),
  );
};

async function examine(servers: string[], options: DoctorCommandOptions): Promise<ExitCode> {
  const [{ loadConfig }, { diagnose }, { MAIL_SERVERS }, { worstOf }] = await Promise.all([
    import('../../config/load.js'),
    import('../../mta/doctor/diagnose.js'),
    import('../../mta/doctor/server/index.js'),
    import('../../mta/doctor/finding.js'),
  ]);
  const known = MAIL_SERVERS.map(({ name }) => name);
  const unknown = servers.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`found the mail server ${unknown}; expected one of ${known.join(', ')}`);
  }
  const { file, timeout } = options;
  if (file !== undefined && servers.length !== 1) {
    throw new UsageError(`--file belongs to one mail server, found ${servers.length}; name one`);
  }
  const findings = await diagnose(loadConfig(options.config), {
    ...(servers.length > 0 && { servers }),
    ...(file !== undefined && { file }),
    questionTimeoutMs: timeout * 1000,
    programTimeoutMs: PROGRAM_TIMEOUT_MS,
  });
  const worst = worstOf(findings);
  if (options.json) await writeJson({ worst, findings });
  else await writeOut(findings.map(findingText));
  return EXIT_OF[worst];
}

function findingText({ name, severity, text, cure }: Finding): string {
  const line = `${SHOWN[severity]} ${name}: ${text}\n`;
  return cure === undefined ? line : `${line}        cure: ${cure}\n`;
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0.1 && value <= 60) return value;
  throw new InvalidArgumentError('expected seconds from 0.1 to 60');
}
