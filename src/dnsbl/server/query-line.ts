import { formatIPv4, formatIPv6 } from '../../ip/address.js';
import { CLASS, TYPE } from '../wire/codes.js';
import { formatName } from '../wire/name.js';
import type { LoggedQuery } from './query-ring.js';

const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMPL', 'REFUSED'];
const TYPES = new Map<number, string>(Object.entries(TYPE).map(([name, number]) => [number, name]));
const CLASSES = new Map<number, string>([
  [CLASS.IN, 'IN'],
  [CLASS.CHAOS, 'CH'],
  [CLASS.ANY, 'ANY'],
]);

/** Stands in the log in place of a label that may be a zone's key. */
const MASK = Uint8Array.of(1, 0x2a);

/**
 * A line as rbldnsd's -l writes it: seconds since 1970, client, name, type, class, what was
 * answered, number of answers, bytes of the reply.
 *
 * @param closed names (wire form) of zones that answer only below a key: the label below such a
 *   name is left out, whether it was the right key or not
 */
export function queryLine(query: LoggedQuery, closed: readonly Uint8Array[]): string {
  const { family, words, type, klass, rcode } = query;
  const client = family === 4 ? formatIPv4(words[0] as number) : formatIPv6(words);
  const name = query.name.length === 0 ? '?' : formatName(maskKey(query.name, closed));
  const what = `${TYPES.get(type) ?? `TYPE${type}`} ${CLASSES.get(klass) ?? `CLASS${klass}`}`;
  const result = `${RCODES[rcode] ?? `RCODE${rcode}`}/${query.answers}/${query.size}`;
  return `${Math.floor(query.timeMs / 1000)} ${client} ${name} ${what}: ${result}\n`;
}

/** The name with the label right below a closed zone's name replaced. */
export function maskKey(name: Uint8Array, closed: readonly Uint8Array[]): Uint8Array {
  for (const zone of closed) {
    for (let label = 0; name[label] !== 0;) {
      const next = label + 1 + (name[label] as number);
      if (name.length - next === zone.length && isSame(name, next, zone)) {
        return Buffer.concat([name.subarray(0, label), MASK, zone]);
      }
      label = next;
    }
  }
  return name;
}

function isSame(name: Uint8Array, from: number, zone: Uint8Array): boolean {
  for (let k = 0; k < zone.length; k++) if (name[from + k] !== zone[k]) return false;
  return true;
}
