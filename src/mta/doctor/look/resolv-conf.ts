import { readFileSync } from 'node:fs';

import { codeOf } from '../../../util/errors.js';
import { reasonOf } from '../../../util/system-error.js';

export const RESOLV_CONF = '/etc/resolv.conf';

/** Where systemd-resolved tells whom it asks itself. */
const RESOLVED_UPSTREAMS = '/run/systemd/resolve/resolv.conf';

/** The C library asks no more than these (resolv.conf(5), MAXNS). */
const MOST_SERVERS = 3;

/** Whom the programs of this host ask. */
export interface SystemResolvers {
  readonly file: string;
  /** Addresses in the order in which they are asked; an IPv6 one may have a scope. */
  readonly servers: readonly string[];
  /** Whom systemd-resolved asks, where that is what is asked. */
  readonly upstreams: readonly string[];
  /** Why the file could not be read, where that is so. */
  readonly unreadable?: string;
}

/** The name servers of a resolv.conf(5); without any, that of this host is meant. */
export function parseResolvConf(text: string): string[] {
  const servers = [...text.matchAll(/^[ \t]*nameserver[ \t]+([^\s#;]+)/gm)].map(
    ([, address = '']) => address,
  );
  return servers.length === 0 ? ['127.0.0.1'] : servers.slice(0, MOST_SERVERS);
}

function isResolvedStub(address: string): boolean {
  return address === '127.0.0.53' || address === '127.0.0.54';
}

export function readSystemResolvers(): SystemResolvers {
  const file = RESOLV_CONF;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return { file, servers: parseResolvConf(''), upstreams: [], unreadable: reasonOf(error) };
  }
  const servers = parseResolvConf(text);
  return { file, servers, upstreams: servers.some(isResolvedStub) ? readUpstreams() : [] };
}

function readUpstreams(): string[] {
  try {
    return parseResolvConf(readFileSync(RESOLVED_UPSTREAMS, 'utf8'));
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return []; // another program has that address
  }
}
