import type { Endpoint } from '../../config/network-values.js';

/** Resolvers that the doctor knows settings of. */
export type ResolverSoftware = 'unbound' | 'dnsmasq' | 'named' | 'systemd-resolved';

/** What it takes to send a zone's questions elsewhere, and to let its answers through. */
interface SettingLines {
  readonly forwarding: (zone: string, to: Endpoint) => string;
  readonly permission: (zone: string) => string;
  readonly unsigned: (zone: string) => string;
}

const OTHERS = 'docs/dnsbl.md has dnsmasq, named and systemd-resolved';

const UNBOUND: SettingLines = {
  forwarding: (zone, { address, port }) =>
    `in unbound.conf, server: do-not-query-localhost: no, and stub-zone: name: "${zone}" stub-addr: ${address}@${port}`,
  permission: (zone) => `in unbound.conf, server: private-domain: "${zone}"`,
  unsigned: (zone) => `in unbound.conf, server: domain-insecure: "${zone}"`,
};

const LINES: Readonly<Record<ResolverSoftware | 'unknown', SettingLines>> = {
  unbound: UNBOUND,
  dnsmasq: {
    forwarding: (zone, { address, port }) =>
      `in dnsmasq.conf, server=/${zone}/${address}#${port} and rebind-domain-ok=/${zone}/`,
    permission: (zone) => `in dnsmasq.conf, rebind-domain-ok=/${zone}/`,
    unsigned: (zone) =>
      `in dnsmasq.conf, no trust-anchor for ${zone}, and server=/${zone}/ with the address of the DNSBL`,
  },
  named: {
    forwarding: (zone, { address, port }) =>
      `in named.conf, zone "${zone}" { type forward; forward only; forwarders port ${port} { ${address}; }; };`,
    permission: (zone) =>
      `in named.conf, options { deny-answer-addresses { 127.0.0.0/8; } except-from { "${zone}"; }; };`,
    unsigned: (zone) => `in named.conf, options { validate-except { "${zone}"; }; };`,
  },
  'systemd-resolved': {
    forwarding: (zone, { address, port }) =>
      `ip link add dnsbl0 type dummy && ip link set dnsbl0 up && resolvectl dns dnsbl0 ${bracketed(address)}:${port} && ` +
      `resolvectl domain dnsbl0 '~${zone}' && resolvectl default-route dnsbl0 no`,
    permission: (zone) =>
      `systemd-resolved takes nothing out itself: \`resolvectl query 2.0.0.127.${zone}\` shows whom it asks; mend that resolver`,
    unsigned: () => 'resolvectl dnssec dnsbl0 no, for the interface that the zone is asked by',
  },
  unknown: {
    forwarding: (zone, to) => `with unbound, ${UNBOUND.forwarding(zone, to)}; ${OTHERS}`,
    permission: (zone) =>
      `with unbound, ${UNBOUND.permission(zone)}; with dnsmasq, rebind-domain-ok=/${zone}/`,
    unsigned: (zone) => `with unbound, ${UNBOUND.unsigned(zone)}; ${OTHERS}`,
  },
};

export function settingLines(software: ResolverSoftware | undefined): SettingLines {
  return LINES[software ?? 'unknown'];
}

/** What a resolver tells of itself, and which program has its port. */
export interface ResolverSigns {
  readonly address: string;
  /** TXT of version.bind in class CH, where it tells. */
  readonly version?: string;
  /** Name of the program that has port 53 of that address, where it could be seen. */
  readonly program?: string;
}

/** Which resolver it is; undefined where the signs tell nothing. */
export function identify({
  address,
  version = '',
  program = '',
}: ResolverSigns): ResolverSoftware | undefined {
  if (/^unbound/i.test(version) || program === 'unbound') return 'unbound';
  if (/^dnsmasq/i.test(version) || program === 'dnsmasq') return 'dnsmasq';
  // the kernel cuts a name after 15 letters
  if (/^systemd-resolve/.test(program)) return 'systemd-resolved';
  if (program === '' && (address === '127.0.0.53' || address === '127.0.0.54')) {
    return 'systemd-resolved';
  }
  if (/^named|^isc-|^bind/.test(program) || /^(?:BIND )?9\.\d+/.test(version)) return 'named';
  return undefined;
}

/** For messages: `127.0.0.1 (unbound 1.17.1)`. */
export function resolverText(signs: ResolverSigns): string {
  const software = identify(signs);
  const { version, program, address } = signs;
  const told = version !== undefined && version.length <= 40 ? version : undefined;
  const name = software === 'named' && told !== undefined ? `named ${told}` : told;
  const what = name ?? software ?? program;
  return what === undefined ? `resolver ${address}` : `resolver ${address} (${what})`;
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
