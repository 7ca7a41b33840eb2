import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import fs from 'node:fs';
import { isIP } from 'node:net';

import { UsageError, codeOf, messageOf } from '../../util/errors.js';
import type { ListenAddress } from '../server/listen.js';
import type { BindAddress } from './command-line.js';

/** IANA's name of the port, for hosts without services(5). */
const KNOWN_SERVICES: ReadonlyMap<string, number> = new Map([['domain', 53]]);

/** What a host has no address for, though a name leads to it. */
const NOT_HERE = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/**
 * Looks up the hosts and services of `-b` as getaddrinfo(3) does: a name may stand for several
 * addresses (`localhost`), and each is listened on once.
 *
 * @param family of `-4` or `-6`: addresses of the other one are left out
 * @throws UsageError naming the word at fault
 */
export async function findAddresses(
  bind: readonly BindAddress[],
  family: 4 | 6 | undefined,
): Promise<ListenAddress[]> {
  const found = new Map<string, ListenAddress>();
  for (const { host, port: service } of bind) {
    const port = findPort(service, `${host}/${service}`);
    for (const address of await addressesOf(host, family)) {
      found.set(`${address} ${port}`, { address, port });
    }
  }
  return [...found.values()];
}

async function addressesOf(host: string, family: 4 | 6 | undefined): Promise<string[]> {
  const known = isIP(host);
  if (known !== 0 && family !== undefined && known !== family) {
    throw new UsageError(`-b ${host}: no IPv${family} address, which -${family} asks for`);
  }
  if (known !== 0) return [host];
  let found: string[];
  try {
    // 127.2 and the like are for the C library to understand
    const all = await lookup(host, { all: true, family: family ?? 0, verbatim: true });
    found = [...new Set(all.map(({ address }) => address))];
  } catch (error) {
    throw new UsageError(`-b ${host}: no address of that name (${messageOf(error)})`, {
      cause: error,
    });
  }
  if (found.length < 2) return found;
  const here = [];
  for (const address of found) if (await isOfThisHost(address)) here.push(address);
  return here.length > 0 ? here : found;
}

/** False where a name leads to an address that this host does not have, as ::1 without IPv6. */
async function isOfThisHost(address: string): Promise<boolean> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    const bound = once(socket, 'listening');
    socket.bind({ address, port: 0, exclusive: true });
    await bound;
    return true;
  } catch (error) {
    return !NOT_HERE.includes(codeOf(error) ?? '');
  } finally {
    socket.close();
  }
}

function findPort(service: string, place: string): number {
  if (/^\d+$/.test(service)) {
    const port = Number(service);
    if (port >= 1 && port <= 65_535) return port;
  } else {
    const port = serviceOf(service) ?? KNOWN_SERVICES.get(service);
    if (port !== undefined) return port;
  }
  throw new UsageError(
    `-b ${place}: expected a port from 1 to 65535 or a service of /etc/services`,
  );
}

/** services(5): `name port/protocol alias…`. */
function serviceOf(name: string): number | undefined {
  if (!fs.existsSync('/etc/services')) return undefined;
  for (const line of fs.readFileSync('/etc/services', 'latin1').split('\n')) {
    const [first, where = '', ...others] = line.replace(/#.*/, '').trim().split(/\s+/);
    const udp = /^(\d+)\/udp$/.exec(where);
    if (udp !== null && (first === name || others.includes(name))) return Number(udp[1]);
  }
  return undefined;
}
