import type {
  DnsblConfig,
  FirewallConfig,
  FirewallRule,
  ListDefinition,
} from '../config/schema.js';
import { DEFAULT_BLOCKED, portsOf } from './compile.js';

const SMTP = 25;
const WEB = [80, 443];

/**
 * What is allowed, and seldom meant: a sentence for each, for the person who wrote the
 * configuration. Rules that only observe are judged as if they denied. Pure.
 *
 * - `only` on ports 80 and 443: whoever checks a certificate's renewal (ACME, RFC 8555) comes
 *   from anywhere.
 * - Countries denied on port 25: a sender's server takes silence and a refused connection for a
 *   passing fault and tries for days (RFC 5321 4.5.4.1), and nobody is told a reason.
 * - A list denied on port 25 that a DNSBL zone lists too: the mail server never sees those clients,
 *   so it never asks.
 */
export function adviceOn(
  firewall: FirewallConfig,
  lists: Readonly<Record<string, ListDefinition>>,
  dnsbl?: DnsblConfig,
): string[] {
  const blocked =
    firewall.blocked ?? (Object.hasOwn(lists, DEFAULT_BLOCKED) ? [DEFAULT_BLOCKED] : []);
  const incoming = firewall.rules.filter(({ direction }) => direction === 'in');
  return [
    ...blocked
      .filter((list) => holdsCountries(list, lists))
      .map((list) => `firewall.blocked: ${list} holds countries, and ${SMTP_ADVICE}`),
    ...incoming.flatMap((rule) => [...webAdvice(rule), ...smtpAdvice(rule, lists)]),
    ...zoneAdvice(blocked, incoming, dnsbl?.zones ?? []),
  ];
}

function zoneAdvice(
  blocked: readonly string[],
  rules: readonly FirewallRule[],
  zones: DnsblConfig['zones'],
): string[] {
  const denying = rules.filter((rule) => judgesTcp(rule, SMTP));
  return zones.flatMap(({ name, lists }) =>
    Object.keys(lists).flatMap((list) => {
      const rule = denying.find(({ deny = [] }) => deny.includes(list));
      if (!blocked.includes(list) && rule === undefined) return [];
      const denier = rule ? `firewall rule ${rule.name}` : 'firewall.blocked';
      return [
        `${denier}: denies list ${list} on port 25, which zone ${name} lists too; the mail server ` +
          'will never see those clients, nor ask for them',
      ];
    }),
  );
}

const SMTP_ADVICE =
  'on port 25 senders wait for days and are told no reason; let the DNSBL or the mail server ' +
  'answer them';

function webAdvice(rule: FirewallRule): string[] {
  const ports = WEB.filter((port) => judgesTcp(rule, port));
  if (rule.only === undefined || ports.length === 0) return [];
  return [
    `firewall rule ${rule.name}: lets only ${rule.only.join(', ')} pass on port ` +
      `${ports.join(' and ')}; certificate renewal (ACME) is checked from anywhere and will fail, ` +
      'unless it goes by DNS',
  ];
}

function smtpAdvice(rule: FirewallRule, lists: Readonly<Record<string, ListDefinition>>): string[] {
  if (!judgesTcp(rule, SMTP)) return [];
  if (rule.only !== undefined) {
    return [
      `firewall rule ${rule.name}: lets only ${rule.only.join(', ')} pass, and ${SMTP_ADVICE}`,
    ];
  }
  const countries = (rule.deny ?? []).filter((list) => holdsCountries(list, lists));
  if (countries.length === 0) return [];
  return [
    `firewall rule ${rule.name}: denies countries (${countries.join(', ')}), and ${SMTP_ADVICE}`,
  ];
}

/** Nothing named means every port. */
function judgesTcp({ tcp, udp, icmp }: FirewallRule, port: number): boolean {
  if (tcp === undefined) return udp === undefined && !icmp;
  return (portsOf(tcp) ?? []).some(({ first, last }) => first <= port && port <= last);
}

/** Whether a list is made from countries, itself or by a list that it joins. */
function holdsCountries(
  name: string,
  lists: Readonly<Record<string, ListDefinition>>,
  above: readonly string[] = [],
): boolean {
  const list = Object.hasOwn(lists, name) ? lists[name] : undefined;
  if (list === undefined || above.includes(name)) return false;
  if (list.countries !== undefined) return true;
  return (list.lists ?? []).some((other) => holdsCountries(other, lists, [...above, name]));
}
