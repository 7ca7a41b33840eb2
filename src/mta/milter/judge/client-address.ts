import { type Address, parseAddress } from '../../../ip/address.js';

/**
 * A client's address as mail servers write it: `192.0.2.1`, `2001:db8::7` (Postfix),
 * `IPv6:2001:db8:0:0:0:0:0:7` (sendmail), with a zone or IPv4-mapped. Undefined for anything else.
 */
export function readClientAddress(text: string): Address | undefined {
  const bare = text.replace(/^IPv6:/i, '').replace(/%.*$/, '');
  const address = parseAddress(bare);
  if ('expected' in address) return undefined;
  return unmapped(address);
}

/** ::ffff:192.0.2.1 is a client of IPv4 that came to a socket of IPv6. */
function unmapped(address: Address): Address {
  const [a, b, c, d] = address.words;
  if (address.family === 4 || a !== 0 || b !== 0 || c !== 0xffff) return address;
  return { family: 4, words: Uint32Array.of(d ?? 0) };
}

/** The address in a literal of RFC 5321 4.1.3, `[192.0.2.1]` or `[IPv6:2001:db8::1]`, or bare. */
export function addressInHelo(name: string): Address | undefined {
  const literal = /^\[(.*)\]$/.exec(name);
  return readClientAddress(literal?.[1] ?? name);
}

/** Whether a HELO name is an address literal, of the general form (`[TAG:…]`) too. */
export function isAddressLiteral(name: string): boolean {
  const inside = /^\[(.*)\]$/.exec(name)?.[1];
  if (inside === undefined) return false;
  return readClientAddress(inside) !== undefined || /^[A-Za-z0-9-]+:\S+$/.test(inside);
}
