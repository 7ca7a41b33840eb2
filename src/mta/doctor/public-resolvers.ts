import { formatAddress, parseAddress } from '../../ip/address.js';

/** Resolvers for everybody, as their owners publish the addresses. */
const PUBLIC: ReadonlyMap<string, string> = new Map(
  Object.entries({
    Google: ['8.8.8.8', '8.8.4.4', '2001:4860:4860::8888', '2001:4860:4860::8844'],
    Cloudflare: [
      ...['1.1.1.1', '1.0.0.1', '1.1.1.2', '1.0.0.2', '1.1.1.3', '1.0.0.3'],
      ...['2606:4700:4700::1111', '2606:4700:4700::1001'],
    ],
    Quad9: ['9.9.9.9', '149.112.112.112', '9.9.9.10', '9.9.9.11', '2620:fe::fe', '2620:fe::9'],
    OpenDNS: [
      ...['208.67.222.222', '208.67.220.220', '208.67.222.123', '208.67.220.123'],
      ...['2620:119:35::35', '2620:119:53::53'],
    ],
    AdGuard: ['94.140.14.14', '94.140.15.15', '2a10:50c0::ad1:ff', '2a10:50c0::ad2:ff'],
    DNS4EU: ['86.54.11.1', '86.54.11.201', '86.54.11.100', '86.54.11.200'],
    Lumen: ['4.2.2.1', '4.2.2.2', '4.2.2.3', '4.2.2.4', '4.2.2.5', '4.2.2.6'],
    Yandex: ['77.88.8.8', '77.88.8.1'],
    AliDNS: ['223.5.5.5', '223.6.6.6'],
    '114DNS': ['114.114.114.114', '114.114.115.115'],
    DNSPod: ['119.29.29.29'],
  }).flatMap(([owner, addresses]) => addresses.map((address) => [address, owner] as const)),
);

/** Whose public resolver an address is; undefined where it is none that is known. */
export function publicResolverOwner(address: string): string | undefined {
  const parsed = parseAddress(address.replace(/%.*$/, ''));
  return 'expected' in parsed ? undefined : PUBLIC.get(formatAddress(parsed));
}
