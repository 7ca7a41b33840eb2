import { isDeepStrictEqual } from 'node:util';

import type { Config } from '../config/schema.js';

/** Options of the DNSBL that its sockets and threads were made with. */
const OF_SOCKETS = [
  'listen',
  'user',
  'transport',
  'workers',
  'rate_limit',
  'tcp',
  'transfer',
  'notify',
  'query_log',
] as const;

/**
 * What of a new configuration holds after a restart of the service only, a line each.
 *
 * @param parts of the configuration that this service has parts for
 */
export function restartLines(
  before: Config,
  after: Config,
  parts: readonly ('dnsbl' | 'milter' | 'metrics')[],
): string[] {
  const lines: string[] = [];
  const say = (what: string): void => {
    lines.push(`${what}: holds after a restart of the service`);
  };
  if (before.state !== after.state) say('state');
  if (!isDeepStrictEqual(before.log, after.log)) say('log');
  for (const part of parts) {
    if ((before[part] === undefined) !== (after[part] === undefined)) say(part);
  }
  const [old, now] = [before.dnsbl, after.dnsbl];
  if (old === undefined || now === undefined) return lines;
  for (const name of OF_SOCKETS) {
    if (!isDeepStrictEqual(old[name], now[name])) say(`dnsbl.${name}`);
  }
  return lines;
}
