import * as z from 'zod';

import { parseIPv4, parseIPv6 } from '../ip/address.js';

/*
 * Kinds of values that name something in a network.
 */

const DOMAIN_EXPECTED = 'a domain name such as bl.example.net';

/** Host-name characters and `_`, in lower case and without the last dot. */
export const domainName = z
  .string({ error: DOMAIN_EXPECTED })
  .max(253, { error: DOMAIN_EXPECTED })
  .regex(
    /^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?$/,
    {
      error: DOMAIN_EXPECTED,
    },
  )
  .transform((name) => name.toLowerCase().replace(/\.$/, ''));

/** Where a socket is bound: an address and its port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * `127.0.0.1:5300`, `[::1]:53`; with the default port also without one. An IPv4-mapped address is
 * none: a socket takes what is sent to the IPv4 address, under that name.
 */
export function endpoint(defaultPort: number) {
  const error = `an address and port such as 127.0.0.1:${defaultPort} or [::1]:${defaultPort}`;
  return z
    .string({ error })
    .refine((text) => readEndpoint(text, defaultPort) !== undefined, { error, abort: true })
    .transform((text): Endpoint => readEndpoint(text, defaultPort) as Endpoint);
}

function readEndpoint(text: string, defaultPort: number): Endpoint | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::(\d{1,5}))?$/.exec(text);
  const address = match?.[1] ?? match?.[2];
  if (address === undefined) return undefined;
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  const isAddress =
    match?.[1] === undefined ? parseIPv4(address) !== undefined : isOwnIPv6(address);
  return isAddress && port >= 1 && port <= 65535 ? { address, port } : undefined;
}

function isOwnIPv6(text: string): boolean {
  const words = parseIPv6(text);
  const isMapped = words?.[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return words !== undefined && !isMapped;
}
