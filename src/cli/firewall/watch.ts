import { spawn } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

import { KnownError, codeOf } from '../../util/errors.js';
import { findProgram } from '../../util/programs.js';
import { runProgram } from '../../util/run-program.js';

/** Where it is seen whether systemd runs this host; other places in tests. */
export interface WatchHost {
  /** There only where systemd is the first process (sd_booted(3)). */
  readonly managerFolder: string;
  /** proc(5). */
  readonly procFolder: string;
}

const HOST: WatchHost = { managerFolder: '/run/systemd/system', procFolder: '/proc' };
/** systemd-run answers when the process has started. */
const MANAGER_WAIT_MS = 10_000;

/**
 * Starts a process that outlives this one, its terminal and the ssh session. A session of its
 * own is not enough where logind ends all that belongs to a session (KillUserProcesses=yes), so
 * where systemd runs the host, systemd starts it as a unit.
 *
 * @param words program and arguments
 * @param name of the unit
 * @returns who started it
 */
export async function startApart(
  words: readonly [string, ...string[]],
  name: string,
  host: WatchHost = HOST,
): Promise<'systemd' | 'this process'> {
  if (isManaged(host) && (await startUnit(words, name))) return 'systemd';
  const [program, ...args] = words;
  spawn(program, args, { detached: true, stdio: 'ignore', cwd: '/' }).unref();
  return 'this process';
}

/** A unit lives in the namespaces of the first process: another network is not its to mend. */
function isManaged({ managerFolder, procFolder }: WatchHost): boolean {
  if (!existsSync(managerFolder) || findProgram('systemd-run') === undefined) return false;
  return ['net', 'mnt'].every((kind) => {
    const [own, first] = ['self', '1'].map((of) => linkOf(join(procFolder, of, 'ns', kind)));
    return own !== undefined && own === first;
  });
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EPERM') return undefined; // not to be seen
    throw error;
  }
}

async function startUnit(words: readonly string[], name: string): Promise<boolean> {
  const args = [
    '--quiet',
    '--collect',
    `--unit=${name}`,
    '--description=Sekisho: roll back unless confirmed',
    `--setenv=PATH=${process.env['PATH'] ?? ''}`,
    '--',
    ...words.map((word) => word.replaceAll('$', '$$$$')), // systemd expands $NAME; $$ is a dollar
  ];
  try {
    const options = { origin: 'the Debian package systemd', timeoutMs: MANAGER_WAIT_MS };
    return (await runProgram('systemd-run', args, options)).code === 0;
  } catch (error) {
    if (error instanceof KnownError) return false; // hangs: a second watch does no harm
    throw error;
  }
}
