import { parseIPv4, parseIPv6 } from '../../ip/address.js';
import type { Client } from '../answer/client.js';

/**
 * Sets a client to an address as Node's sockets tell it.
 *
 * @returns false where that is no address
 */
export function setClientAddress(client: Client, address: string, family: 4 | 6): boolean {
  if (family === 4) {
    const number = parseIPv4(address);
    if (number !== undefined) client.set4(number);
    return number !== undefined;
  }
  const words = parseIPv6(address.split('%', 1).join(''));
  if (words === undefined) return false;
  const [a = 0, b = 0, c = 0, d = 0] = words;
  if (a === 0 && b === 0 && c === 0xffff) {
    client.set4(d);
    return true;
  }
  client.family = 6;
  client.words.set([a, b, c, d]);
  return true;
}
