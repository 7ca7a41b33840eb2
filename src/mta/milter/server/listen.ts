import fs from 'node:fs';
import net from 'node:net';

import type { MilterListen } from '../../../config/milter-schema.js';
import { SystemError, codeOf, messageOf } from '../../../util/errors.js';
import { shortPathOf } from '../../../util/unix-stream.js';

const MEANINGS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use by another program (`ss -lnp` shows which): stop that, or take another',
  EACCES: 'not permitted: run as root (with `milter.user`, the rights are given up at once)',
  EADDRNOTAVAIL: 'this host does not have the address: `ip address` shows those that it has',
  ENOENT: 'there is no such folder: make it, or name another',
};

/** Connections that wait to be taken. */
const BACKLOG = 511;

/** As in the configuration. */
export function formatListen(listen: MilterListen): string {
  if ('path' in listen) return `unix:${listen.path}`;
  const { address, port } = listen;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Permissions of a socket that is a file. */
export interface SocketFile {
  readonly mode: number;
  readonly groupId?: number;
}

/**
 * Binds a server. A socket file that nobody listens on any more, left by a process that was killed,
 * is replaced; one that answers is not.
 *
 * @throws SystemError saying what is in the way
 */
export async function listenAt(
  server: net.Server,
  listen: MilterListen,
  file: SocketFile,
): Promise<void> {
  try {
    if (!('path' in listen)) {
      await bind(server, { host: listen.address, port: listen.port, backlog: BACKLOG });
      return;
    }
    await removeStale(listen.path);
    const short = shortPathOf(listen.path);
    try {
      await bind(server, { path: short.path, backlog: BACKLOG });
    } finally {
      short.close();
    }
    // a socket that is bound is closed to others than its owner until here (umask)
    if (file.groupId !== undefined) fs.chownSync(listen.path, -1, file.groupId);
    fs.chmodSync(listen.path, file.mode);
  } catch (error) {
    const meaning = MEANINGS[codeOf(error) ?? ''] ?? messageOf(error);
    throw new SystemError(`cannot listen on ${formatListen(listen)}: ${meaning}`, { cause: error });
  }
}

function bind(server: net.Server, options: net.ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function removeStale(path: string): Promise<void> {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) {
    throw new Error('a file that is no socket is in the way: move it, or take another path');
  }
  if (await isAnswered(path)) {
    throw new Error('another process listens there: stop it, or take another path');
  }
  fs.unlinkSync(path);
}

async function isAnswered(path: string): Promise<boolean> {
  const short = shortPathOf(path);
  const socket = net.connect(short.path);
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => {
        resolve(true);
      });
      socket.once('error', (error) => {
        resolve(codeOf(error) !== 'ECONNREFUSED' && codeOf(error) !== 'ENOENT');
      });
    });
  } finally {
    socket.destroy();
    short.close();
  }
}
