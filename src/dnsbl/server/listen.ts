import { isIP } from 'node:net';

import { SystemError, UsageError, codeOf, messageOf } from '../../util/errors.js';

/** Where the server listens, over UDP and TCP. */
export interface ListenAddress {
  /** As in `127.0.0.1`, `::1`, `fe80::1%eth0`; `0.0.0.0` and `::` are every address of a family. */
  readonly address: string;
  readonly port: number;
}

const MEANINGS: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'the port is in use by another program (`ss -lnp` shows which): stop that, or take another port',
  EACCES:
    'not permitted: ports below 1024 need root (with `user`, the rights are given up at once) or ' +
    'CAP_NET_BIND_SERVICE',
  EPERM: 'not permitted here (a sandbox, or the firewall)',
  EADDRNOTAVAIL: 'this host does not have the address: `ip address` shows those that it has',
  EAFNOSUPPORT: 'this host has no IPv6, or a sandbox forbids it (RestrictAddressFamilies=)',
  EMFILE: 'too many open files: raise the limit (ulimit -n)',
};

/** As users write it: `127.0.0.1:53`, `[::1]:53`. */
export function formatListen({ address, port }: ListenAddress): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** What failed when a socket was bound, for the user. */
export function bindError(thrown: unknown, listen: ListenAddress, transport: string): Error {
  const code = codeOf(thrown);
  const meaning = (code === undefined ? undefined : MEANINGS[code]) ?? messageOf(thrown);
  return new SystemError(`cannot listen on ${formatListen(listen)} (${transport}): ${meaning}`, {
    cause: thrown,
  });
}

/** @throws UsageError where nothing, no address or the same place twice is listened on */
export function checkListen(listen: readonly ListenAddress[]): void {
  if (listen.length === 0) throw new UsageError('no address to listen on; name at least one');
  const seen = new Set<string>();
  for (const place of listen) {
    const text = formatListen(place);
    if (isIP(place.address) === 0) {
      throw new UsageError(`cannot listen on ${text}: expected an IPv4 or IPv6 address`);
    }
    if (!Number.isInteger(place.port) || place.port < 1 || place.port > 65_535) {
      throw new UsageError(`cannot listen on ${text}: expected a port from 1 to 65535`);
    }
    if (seen.has(text)) throw new UsageError(`${text} stands there twice; name it once`);
    seen.add(text);
  }
}
