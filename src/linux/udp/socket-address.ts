import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

export const AF_INET = 2;
export const AF_INET6 = 10;

/** Where the parts of `struct sockaddr_in` and `sockaddr_in6` lie (ip(7), ipv6(7)). */
export const SOCKET_ADDRESS = { bytes4: 16, bytes6: 28, address4: 4, address6: 8 } as const;

/**
 * The kernel's form of an address and port.
 *
 * @param address as in `192.0.2.1`, `2001:db8::1` or `fe80::1%eth0`
 * @returns undefined where it is no address, or its zone no interface of this host
 */
export function encodeSocketAddress(address: string, port: number): Uint8Array | undefined {
  if (isIPv4(address)) {
    const bytes = new Uint8Array(SOCKET_ADDRESS.bytes4);
    putFamily(bytes, AF_INET);
    putPort(bytes, port);
    bytes.set(address.split('.').map(Number), SOCKET_ADDRESS.address4);
    return bytes;
  }
  if (!isIPv6(address)) return undefined;
  const [text = '', zone] = address.split('%');
  const scope = zone === undefined ? 0 : scopeOf(zone);
  if (scope === undefined) return undefined;
  const bytes = new Uint8Array(SOCKET_ADDRESS.bytes6);
  putFamily(bytes, AF_INET6);
  putPort(bytes, port);
  bytes.set(bytesOf6(text), SOCKET_ADDRESS.address6);
  new Uint32Array(bytes.buffer, 24, 1)[0] = scope;
  return bytes;
}

/** `0.0.0.0` and `::`: every address of the host. */
export function isWildcard(address: string): boolean {
  if (isIPv4(address)) return address === '0.0.0.0';
  return isIPv6(address) && !address.includes('%') && bytesOf6(address).every((byte) => byte === 0);
}

function scopeOf(zone: string): number | undefined {
  if (/^\d+$/.test(zone)) return Number(zone);
  for (const address of networkInterfaces()[zone] ?? []) {
    if (address.family === 'IPv6' && address.scopeid > 0) return address.scopeid;
  }
  return undefined;
}

/** @param text an IPv6 address that is one */
function bytesOf6(text: string): number[] {
  const last = text.slice(text.lastIndexOf(':') + 1);
  let plain = text;
  if (last.includes('.')) {
    const [a = 0, b = 0, c = 0, d = 0] = last.split('.').map(Number);
    const words = [a * 256 + b, c * 256 + d].map((word) => word.toString(16));
    plain = text.slice(0, -last.length) + words.join(':');
  }
  const [head = '', tail] = plain.split('::');
  const wordsOf = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const [front, back] = [wordsOf(head), wordsOf(tail ?? '')];
  const middle = new Array<number>(8 - front.length - back.length).fill(0);
  return [...front, ...middle, ...back].flatMap((word) => [word >>> 8, word & 0xff]);
}

function putFamily(bytes: Uint8Array, family: number): void {
  new Uint16Array(bytes.buffer, 0, 1)[0] = family;
}

function putPort(bytes: Uint8Array, port: number): void {
  bytes[2] = port >>> 8;
  bytes[3] = port & 0xff;
}
