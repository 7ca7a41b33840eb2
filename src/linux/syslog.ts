import { nativeObstacle } from './native.js';
import { UnixDatagrams } from './unix-datagram.js';
import { findProgram } from '../util/programs.js';
import { runProgram } from '../util/run-program.js';

/** Facilities by name (syslog(3)). */
const FACILITY = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

export type Facility = keyof typeof FACILITY;

const SEVERITY = { error: 3, warning: 4, info: 6 } as const;

const log = new UnixDatagrams('/dev/log');

/**
 * For a process that changes its root folder: what it has to say goes to the log that is there now.
 *
 * @throws KernelError where there is none
 */
export function holdSyslog(): void {
  log.connect();
}

/**
 * A line in the system's log; without native calls by logger(1).
 *
 * @throws KernelError, SystemError where nobody takes it
 */
export async function writeSyslog(
  facility: Facility,
  severity: keyof typeof SEVERITY,
  tag: string,
  text: string,
): Promise<void> {
  if (nativeObstacle() === undefined) {
    const priority = FACILITY[facility] * 8 + SEVERITY[severity];
    log.send(`<${priority}>${tag}[${process.pid}]: ${text}`);
  } else if (findProgram('logger') !== undefined) {
    const level = { error: 'err', warning: 'warning', info: 'info' }[severity];
    const words = ['-i', '-p', `${facility}.${level}`, '-t', tag, '--', text];
    await runProgram('logger', words, { origin: 'syslog', timeoutMs: 1000 });
  }
}
