import fs from 'node:fs';

import { SystemError, UsageError, messageOf } from './errors.js';
import { runProgram } from './run-program.js';
import { findProgram } from './programs.js';

/** Whom the process becomes. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Looks up `user`, or `user:group`; numbers are taken as they are.
 *
 * @throws UsageError where there is no such user or group
 */
export async function findAccount(text: string): Promise<Account> {
  const [user = '', group] = text.split(':');
  const entry = await lookUp('passwd', user);
  const isNumber = /^\d+$/.test(user);
  if (entry === undefined && !(isNumber && group !== undefined)) {
    throw new UsageError(`there is no user ${user} on this host; make it, or name another`);
  }
  const gid = group === undefined ? Number(entry?.[3]) : await findGroup(group);
  return { name: entry?.[0] ?? user, uid: Number(entry?.[2] ?? user), gid };
}

async function findGroup(group: string): Promise<number> {
  const entry = await lookUp('group', group);
  if (entry === undefined && !/^\d+$/.test(group)) {
    throw new UsageError(`there is no group ${group} on this host; make it, or name another`);
  }
  return Number(entry?.[2] ?? group);
}

/** An entry of passwd(5) or group(5), by name or number; whatever the host takes them from. */
async function lookUp(
  table: 'passwd' | 'group',
  wanted: string,
): Promise<readonly string[] | undefined> {
  for (const line of fs.readFileSync(`/etc/${table}`, 'utf8').split('\n')) {
    const fields = line.split(':');
    if (fields[0] === wanted || (/^\d+$/.test(wanted) && fields[2] === wanted)) return fields;
  }
  if (wanted === '' || wanted.startsWith('-') || findProgram('getent') === undefined) {
    return undefined;
  }
  const { code, stdout } = await runProgram('getent', [table, wanted], { origin: 'the C library' });
  return code === 0 ? stdout.trim().split(':') : undefined;
}

/**
 * Becomes that user for good: groups first, then group, then user (setuid(2); Node goes through
 * the C library, which changes every thread of the process).
 *
 * @throws SystemError where this process may not
 */
export function becomeUser({ name, uid, gid }: Account): void {
  if (process.getuid?.() === uid && process.getgid?.() === gid && uid !== 0) return;
  if (process.getuid?.() !== 0) {
    throw new SystemError(
      `cannot become user ${name}: only root may; start as root, or leave the user out`,
    );
  }
  try {
    joinGroups(name, gid);
    process.setgid?.(gid);
    process.setuid?.(uid);
  } catch (error) {
    throw new SystemError(`cannot become user ${name}: ${messageOf(error)}`, { cause: error });
  }
  if (uid !== 0 && canBecomeRoot()) {
    throw new SystemError(`cannot give up root's rights for those of ${name}`);
  }
}

/** The user's groups; of a user that is a bare number, only the one that was named. */
function joinGroups(name: string, gid: number): void {
  if (/^\d+$/.test(name)) {
    process.setgroups?.([gid]);
    return;
  }
  // not in @types/node
  const { initgroups } = process as { initgroups?: (user: string, group: number) => void };
  initgroups?.(name, gid);
}

function canBecomeRoot(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false; // EPERM, as it has to be
  }
}
