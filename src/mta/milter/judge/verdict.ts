import { type Address, formatAddress } from '../../../ip/address.js';
import { hasAddress } from '../../../ip/address-set.js';
import { PRIVATE_RANGES } from '../../../ip/private-ranges.js';
import type { Check } from '../counters.js';
import type { Rule } from '../rules/rule-set.js';
import { addressInHelo, isAddressLiteral } from './client-address.js';
import { replyText } from './reply-text.js';
import type { MilterSettings, Refusal } from './settings.js';

/** What a check has against a client or a message. */
export interface Verdict {
  readonly check: Check;
  /** The list, where one holds the address. */
  readonly list?: string;
  readonly action: 'reject' | 'tempfail' | 'discard';
  /** For the client: code and text in one line. */
  readonly reply: string;
  /** For header and log, such as `list asia` or `rule 12`. */
  readonly by: string;
}

/** The first list that holds the address. */
export function judgeAddress(
  address: Address,
  settings: MilterSettings,
  check: 'list' | 'behind_known',
): Verdict | undefined {
  const list = settings.lists.find(({ addresses }) => hasAddress(addresses, address));
  if (list === undefined) return undefined;
  const { name, refusal } = list;
  const reason = list.reasonOf?.(address);
  const facts = {
    address: formatAddress(address),
    country: settings.countryOf(address),
    list: name,
    ...(reason !== undefined && { reason }),
  };
  const reply = replyText(refusal, facts, settings.secrets);
  return { check, list: name, action: refusal.action, reply, by: `list ${name}` };
}

/**
 * A HELO name without a dot, or one that claims to be this host. Clients at private addresses and
 * on this host say our name rightly.
 *
 * @param ownName the mail server's own word for its name, where it tells one
 */
export function judgeHelo(
  name: string,
  client: Address,
  settings: MilterSettings,
  ownName: string | undefined,
): Verdict | undefined {
  if (hasAddress(PRIVATE_RANGES, client)) return undefined;
  const { helo } = settings;
  if (helo.own !== undefined && isOwn(name, settings, ownName)) {
    return heloVerdict('helo_own', helo.own, name, client, settings);
  }
  const hasDot = name.replace(/\.$/, '').includes('.');
  const isAddress = isAddressLiteral(name) || addressInHelo(name) !== undefined;
  if (helo.noDot !== undefined && !hasDot && !isAddress) {
    return heloVerdict('helo_no_dot', helo.noDot, name, client, settings);
  }
  return undefined;
}

function isOwn(
  name: string,
  { helo: { names, addresses } }: MilterSettings,
  ownName: string | undefined,
): boolean {
  const bare = name.toLowerCase().replace(/\.$/, '');
  if (names.has(bare) || bare === ownName?.toLowerCase()) return true;
  const address = addressInHelo(name);
  return address !== undefined && hasAddress(addresses, address);
}

function heloVerdict(
  check: 'helo_no_dot' | 'helo_own',
  refusal: Refusal,
  helo: string,
  client: Address,
  settings: MilterSettings,
): Verdict {
  const country = settings.countryOf(client);
  const facts = { address: formatAddress(client), country, helo };
  const reply = replyText(refusal, facts, settings.secrets);
  return { check, action: refusal.action, reply, by: check };
}

/** The verdict of a rule that refuses or discards; undefined for others. */
export function ruleVerdict({ line, action: { kind, reply } }: Rule): Verdict | undefined {
  if (kind === 'accept' || kind === 'quarantine') return undefined;
  return { check: 'rule', action: kind, reply, by: `rule in line ${line}` };
}
