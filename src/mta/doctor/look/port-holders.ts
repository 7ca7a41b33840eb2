import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

import { formatIPv4, formatIPv6 } from '../../../ip/address.js';
import { codeOf } from '../../../util/errors.js';

/** Who has a UDP port of this host. */
export interface PortHolder {
  /** `0.0.0.0` and `::` stand for every address. */
  readonly address: string;
  readonly port: number;
  /** Name of its program; undefined where this user may not see it. */
  readonly program?: string;
  /** Whether that is this program. */
  readonly isOurs: boolean;
}

/**
 * The UDP sockets that are bound to one of the ports, from proc(5); empty where there is no /proc.
 *
 * @param ports port numbers
 */
export function readPortHolders(ports: ReadonlySet<number>): PortHolder[] {
  const sockets = ['udp', 'udp6'].flatMap((table) =>
    parseSocketTable(readText(`/proc/net/${table}`)).filter(({ port }) => ports.has(port)),
  );
  if (sockets.length === 0) return [];
  const owners = ownersOf(new Set(sockets.map(({ inode }) => inode)));
  return sockets.map(({ address, port, inode }) => {
    const owner = owners.get(inode);
    return {
      address,
      port,
      ...(owner !== undefined && { program: owner.program }),
      isOurs: owner?.isOurs ?? false,
    };
  });
}

interface BoundSocket {
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

/** A table of sockets as /proc/net/udp and udp6 have it: words of an address in host order. */
export function parseSocketTable(text: string): BoundSocket[] {
  const lines = text.matchAll(
    /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) (?:\S+ +){7}(\d+)/gm,
  );
  return [...lines].map(([, hex = '', port = '', inode = '']) => {
    const words = Uint32Array.from(hex.match(/.{8}/g) ?? [], (word) =>
      Buffer.from(word, 'hex').readUInt32LE(),
    );
    const address = words.length === 1 ? formatIPv4(words[0] ?? 0) : formatIPv6(words);
    return { address, port: Number.parseInt(port, 16), inode };
  });
}

interface Owner {
  readonly program: string;
  readonly isOurs: boolean;
}

function ownersOf(inodes: ReadonlySet<string>): Map<string, Owner> {
  const owners = new Map<string, Owner>();
  for (const id of namesIn('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of namesIn(`/proc/${id}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(readLink(join('/proc', id, 'fd', descriptor)))?.[1];
      if (inode === undefined || !inodes.has(inode)) continue;
      const program = readText(`/proc/${id}/comm`).trim();
      owners.set(inode, { program, isOurs: readLink(`/proc/${id}/exe`) === process.execPath });
    }
  }
  return owners;
}

/** Processes end while one looks, and those of others may not be looked at: then nothing. */
function orNothing<T>(look: () => T, nothing: T): T {
  try {
    return look();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return nothing;
  }
}

const namesIn = (folder: string): string[] => orNothing(() => readdirSync(folder), []);
const readLink = (path: string): string => orNothing(() => readlinkSync(path), '');
const readText = (path: string): string => orNothing(() => readFileSync(path, 'utf8'), '');
