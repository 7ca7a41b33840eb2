import type {
  DnsblConfig,
  FirewallConfig,
  FirewallRule,
  ListDefinition,
} from '../config/schema.js';
import { expandCountry } from '../lists/countries.js';
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
 * - What is denied on port 25, itself or a part of it, and in a list of a DNSBL zone, or kept out
 *   there by an `only`: the mail server never sees those clients, so it never asks.
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
    ...zoneAdvice(blocked, incoming, dnsbl?.zones ?? [], lists),
  ];
}

function zoneAdvice(
  blocked: readonly string[],
  rules: readonly FirewallRule[],
  zones: DnsblConfig['zones'],
  definitions: Readonly<Record<string, ListDefinition>>,
): string[] {
  const judging = rules.filter((rule) => judgesTcp(rule, SMTP));
  const denying = [
    ...blocked.map((list) => ({ where: 'firewall.blocked', list })),
    ...judging.flatMap(({ name, deny = [] }) =>
      deny.map((list) => ({ where: `firewall rule ${name}`, list })),
    ),
  ];
  return zones.flatMap(({ name, lists }) => [
    ...Object.keys(lists).flatMap((list) => {
      const found = denying
        .map((denier) => ({ ...denier, common: commonPart(denier.list, list, definitions) }))
        .find(({ common }) => common !== undefined);
      if (found === undefined) return [];
      const { where, common } = found;
      const shared = found.list === list ? 'which' : `and its ${common ?? ''}`;
      return [
        `${where}: denies list ${found.list} on port 25, ${shared} zone ${name} lists too; the mail server ` +
          'will never see those clients, nor ask for them',
      ];
    }),
    ...judging.flatMap(({ name: rule, only }) =>
      only === undefined || Object.keys(lists).every((list) => only.includes(list))
        ? []
        : [
            `firewall rule ${rule}: lets only ${only.join(', ')} pass on port 25; of what zone ` +
              `${name} lists the mail server will see those clients alone`,
          ],
    ),
  ]);
}

/**
 * What two lists are both made from, in words; undefined where there is nothing by name. What
 * `and` and `except` leave of it is not looked at: there may be less, never more.
 */
function commonPart(
  one: string,
  other: string,
  definitions: Readonly<Record<string, ListDefinition>>,
): string | undefined {
  const parts = partsOf(one, definitions);
  const common = [...partsOf(other, definitions)].filter((part) => parts.has(part));
  if (common.length === 0) return undefined;
  const shown = common.slice(0, 3).join(', ');
  return common.length > 3 ? `${shown} and ${common.length - 3} more` : shown;
}

/** The list, all that it joins, and the countries in them. */
function partsOf(
  name: string,
  definitions: Readonly<Record<string, ListDefinition>>,
  found = new Set<string>(),
): Set<string> {
  const list = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
  if (list === undefined || found.has(`list ${name}`)) return found;
  found.add(`list ${name}`);
  for (const word of list.countries ?? []) {
    const expanded = expandCountry(word);
    for (const cc of 'codes' in expanded ? expanded.codes : []) found.add(cc);
  }
  for (const joined of list.lists ?? []) partsOf(joined, definitions, found);
  return found;
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
