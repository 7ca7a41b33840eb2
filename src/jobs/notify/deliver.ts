import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

import type { LoadedConfig } from '../../config/load.js';
import type { NotifyConfig } from '../../config/schema.js';
import { SystemError } from '../../util/errors.js';
import { findProgram } from '../../util/programs.js';
import { type BoundedRun, runBounded } from '../../util/run-bounded.js';
import { packageVersion } from '../../util/version.js';
import type { UpdateRecord } from '../last-update.js';
import { type CommandInput, writeLetter } from './letter.js';
import { mailText } from './mail.js';
import type { Notice } from './notice.js';

/**
 * Tells notices in every way that is configured, one after the other.
 *
 * @returns how many ways succeeded, and a line for each that did not
 */
export async function deliver(
  loaded: LoadedConfig,
  notify: NotifyConfig,
  notices: readonly Notice[],
  update: UpdateRecord | undefined,
  nowMs: number,
): Promise<{ readonly delivered: number; readonly faults: readonly string[] }> {
  const host = hostname();
  const letter = writeLetter(notices, host, nowMs);
  const ways: (() => Promise<string | undefined>)[] = [];
  const { command, mail, command_timeout: timeoutMs } = notify;
  if (command !== undefined) {
    const content: CommandInput = {
      format: 1,
      host,
      version: packageVersion(),
      time: new Date(nowMs).toISOString(),
      subject: letter.subject,
      text: letter.text,
      notices,
      update: update ?? null,
    };
    const [program = '', ...args] = command;
    ways.push(() =>
      run('notify.command', programPath(program, loaded), args, JSON.stringify(content), timeoutMs),
    );
  }
  if (mail !== undefined) {
    const { to, from = `sekisho@${host}`, server, sendmail } = mail;
    const text = mailText(letter, { to, from, host, id: randomUUID() });
    ways.push(async () => {
      if (sendmail !== undefined) {
        const path = loaded.resolvePath(sendmail);
        return run('notify.mail', path, ['-t', '-i'], text, timeoutMs);
      }
      const { sendBySmtp } = await import('./send-by-smtp.js');
      const fault = await sendBySmtp({ server, from, to, text, host, timeoutMs });
      return fault && `notify.mail: ${fault}`;
    });
  }
  const faults: string[] = [];
  for (const way of ways) {
    const fault = await way();
    if (fault !== undefined) faults.push(fault);
  }
  return { delivered: ways.length - faults.length, faults };
}

/** A name without a slash is looked for as a shell would; a path is the configuration's. */
function programPath(program: string, { resolvePath }: LoadedConfig): string {
  return program.includes('/') ? resolvePath(program) : (findProgram(program) ?? program);
}

async function run(
  option: string,
  path: string,
  args: readonly string[],
  input: string,
  timeoutMs: number,
): Promise<string | undefined> {
  try {
    const ended = await runBounded(path, args, { input, timeoutMs });
    if (ended.code === 0) return undefined;
    return `${option}: ${path} ${endText(ended, timeoutMs)}`;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return `${option}: ${error.message}`;
  }
}

function endText({ code, signal, isTimedOut, output }: BoundedRun, timeoutMs: number): string {
  if (isTimedOut) return `did not end within ${timeoutMs / 1000} s and was killed`;
  const said = output
    .trim()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .slice(0, 300);
  const how =
    code === undefined ? `died of ${signal ?? 'a signal'}` : `ended with exit code ${code}`;
  return said === '' ? how : `${how}: ${said}`;
}
