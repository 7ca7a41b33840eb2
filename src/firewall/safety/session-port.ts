import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';

import type { Address } from '../../ip/address.js';
import { ifThere, lineOf } from './process-tree.js';

/** sshd forks twice between the process that has the connection and the shell. */
const NEAREST = 4;

/**
 * The port of ours to which an address is connected by a session: that of the TCP connection
 * which a process of the session, or one close above it, holds open (proc(5): fd, net/tcp).
 * Undefined where there is none, or it is not for us to see.
 *
 * @param pid as logind's LEADER or utmp's ut_pid
 */
export function sessionPort(procFolder: string, pid: number, peer: Address): number | undefined {
  const ends = peerTexts(peer);
  for (const each of lineOf(procFolder, pid, NEAREST)) {
    const folder = join(procFolder, String(each));
    const sockets = socketsOf(join(folder, 'fd'));
    if (sockets.size === 0) continue;
    for (const table of ['tcp', 'tcp6']) {
      const text = ifThere(() => readFileSync(join(folder, 'net', table), 'latin1')) ?? '';
      for (const line of text.split('\n')) {
        const [, local = '', remote = '', , , , , , , inode = ''] = line.trim().split(/\s+/);
        if (!sockets.has(inode) || !ends.has(remote.replace(/:.*$/, ''))) continue;
        return parseInt(local.replace(/^.*:/, ''), 16);
      }
    }
  }
  return undefined;
}

/** Inodes of the sockets that a process has open. */
function socketsOf(folder: string): Set<string> {
  const links = (ifThere(() => readdirSync(folder)) ?? []).map(
    (name) => ifThere(() => readlinkSync(join(folder, name))) ?? '',
  );
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

/** An address as the tables have it, IPv4 also as a dual-stack socket sees it. */
function peerTexts({ family, words }: Address): Set<string> {
  const [v4 = 0] = words;
  const plain = tableText(words);
  return new Set(family === 4 ? [plain, tableText([0, 0, 0xffff, v4])] : [plain]);
}

/** The kernel prints each word of an address in network order as a number of its own order. */
function tableText(words: Iterable<number>): string {
  return Array.from(words, (word) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(word);
    if (endianness() === 'LE') bytes.reverse();
    return bytes.toString('hex').toUpperCase();
  }).join('');
}
