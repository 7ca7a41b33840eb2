import { parseIPv4 } from '../../ip/address.js';

/**
 * Whether a return code is meant by a filter: an address, octets with sets and ranges as Postfix
 * has them (`127.0.0.[2;4..6]`, postconf(5)), or Exim's masks (`&0.0.0.6`, `127.0.0.0/24`).
 */
export function matchesCode(pattern: string, code: string): boolean {
  const value = parseIPv4(code);
  if (value === undefined) return false;
  if (pattern.startsWith('&')) return ((parseIPv4(pattern.slice(1)) ?? 0) & value) !== 0;
  const [network = '', length] = pattern.split('/');
  if (length !== undefined) {
    const mask = Number(length) === 0 ? 0 : -1 << (32 - Number(length));
    return ((parseIPv4(network) ?? 0) & mask) === (value & mask);
  }
  const octets = splitOctets(pattern);
  const own = code.split('.').map(Number);
  return octets.length === 4 && octets.every((octet, at) => matchesOctet(octet, own[at] ?? -1));
}

/** Dots within brackets belong to a range. */
function splitOctets(pattern: string): string[] {
  return pattern.match(/\[[^\]]*\]|[^.[\]]+/g) ?? [];
}

function matchesOctet(octet: string, value: number): boolean {
  if (!octet.startsWith('[')) return Number(octet) === value;
  return octet
    .slice(1, -1)
    .split(';')
    .some((part) => {
      const [first = '', last = first] = part.split('..');
      return Number(first) <= value && value <= Number(last);
    });
}
