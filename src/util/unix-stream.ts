import fs from 'node:fs';
import net from 'node:net';
import { basename, dirname } from 'node:path';

import { SystemError } from './errors.js';

/** A path in a folder that is open, which is short however deep the folder is. */
export interface ShortPath {
  readonly path: string;
  /** Lets the folder go; the path means nothing from then on. */
  close(): void;
}

/** Of `sun_path` (unix(7)), without the zero at its end. */
const LONGEST_PATH = 107;

/** A name for a socket's path that fits into its address: through /proc where it is too long. */
export function shortPathOf(path: string): ShortPath {
  if (Buffer.byteLength(path) <= LONGEST_PATH) return { path, close: () => undefined };
  const folder = fs.openSync(dirname(path), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  return {
    path: `/proc/self/fd/${folder}/${basename(path)}`,
    close: () => {
      fs.closeSync(folder);
    },
  };
}

/**
 * Connects to a unix socket and reads to the end what it says.
 *
 * @throws SystemError where that takes too long or is too much, otherwise the system's error
 */
export async function readUnixStream(
  path: string,
  { timeoutMs, maxBytes }: { readonly timeoutMs: number; readonly maxBytes: number },
): Promise<string> {
  const short = shortPathOf(path);
  const socket = net.connect(short.path);
  try {
    return await new Promise<string>((resolve, reject) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      const timer = setTimeout(() => {
        reject(new SystemError(`no whole answer within ${timeoutMs} ms`));
      }, timeoutMs);
      socket.on('data', (piece: Buffer) => {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes > maxBytes) reject(new SystemError(`an answer of more than ${maxBytes} bytes`));
      });
      socket.on('error', reject);
      socket.on('close', () => {
        clearTimeout(timer);
        resolve(Buffer.concat(pieces).toString('utf8'));
      });
    });
  } finally {
    socket.destroy();
    short.close();
  }
}
