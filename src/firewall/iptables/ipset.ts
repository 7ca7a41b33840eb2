import { setTimeout as sleep } from 'node:timers/promises';

import type { Family } from '../../ip/family.js';
import { SystemError } from '../../util/errors.js';
import { findProgram } from '../../util/programs.js';
import { type RunResult, runProgram } from '../../util/run-program.js';
import type { HeldTimes } from '../end-difference.js';
import { forEachOf } from './for-each.js';
import { isOurSet } from './names.js';
import { type HeldSet, readSavedSet } from './sets.js';

const ORIGIN = 'the Debian package ipset';

/** Why sets cannot be had here; undefined where they can. */
export async function findIpsetObstacle(): Promise<string | undefined> {
  if (findProgram('ipset') === undefined) return 'the program ipset is missing';
  const { code, stderr } = await ipset(['list', '-n']);
  return code === 0 ? undefined : `ipset does not work: ${reason(stderr)}`;
}

/** Names of the sets that are ours. @throws SystemError */
export async function listOurSets(): Promise<string[]> {
  const { code, stdout, stderr } = await ipset(['list', '-n']);
  if (code !== 0) throw new SystemError(`ipset cannot list sets: ${reason(stderr)}`);
  return stdout.split('\n').filter(isOurSet);
}

/** @throws SystemError */
export async function readSet(
  name: string,
  family: Family,
): Promise<HeldSet & Pick<HeldTimes, 'fromMs' | 'toMs'>> {
  const fromMs = Date.now();
  const { code, stdout, stderr } = await ipset(['save', name]);
  if (code !== 0) throw new SystemError(`ipset cannot list ${name}: ${reason(stderr)}`);
  return { ...readSavedSet(stdout, family, fromMs), fromMs, toMs: Date.now() };
}

/** Lines for `ipset restore`. @throws SystemError; lines before the refused one are done then */
export async function restoreSets(lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const { code, stderr } = await ipset(['restore'], [...lines, ''].join('\n'));
  if (code !== 0) throw new SystemError(`ipset refused: ${reason(stderr)}`);
}

const ATTEMPTS = 40;
const PAUSE_MS = 50;

/**
 * Destroys sets. nf_tables lets go of a set some time after the rule that referred to it went
 * away, so a set in use is tried again for two seconds.
 *
 * @throws SystemError for sets that cannot be destroyed, when all were tried
 */
export async function destroySets(names: readonly string[]): Promise<void> {
  await forEachOf(names, destroySet);
}

async function destroySet(name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { code, stderr } = await ipset(['destroy', name]);
    if (code === 0) return;
    if (!/in use/.test(stderr) || attempt === ATTEMPTS) {
      throw new SystemError(
        `the set ${name} is not wanted any more and cannot be destroyed: ${reason(stderr)}; ` +
          'look for rules of others that refer to it',
      );
    }
    await sleep(PAUSE_MS);
  }
}

async function ipset(args: readonly string[], input = ''): Promise<RunResult> {
  return runProgram('ipset', args, { input, origin: ORIGIN });
}

function reason(stderr: string): string {
  const text = (stderr.split('\n').find((line) => line.trim() !== '') ?? '').trim();
  if (/Operation not permitted/i.test(text)) return `${text}; run as root (CAP_NET_ADMIN)`;
  if (/module|protocol/i.test(text)) {
    return `${text}; the kernel may lack ip_set and ip_set_hash_net (modprobe ip_set_hash_net)`;
  }
  return text === '' ? 'it said nothing' : text;
}
