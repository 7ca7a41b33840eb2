import { formatAddress } from '../../ip/address.js';
import { hasAddress } from '../../ip/address-set.js';
import { oneLine } from './judge/reply-text.js';
import type { Verdict } from './judge/verdict.js';
import type { Client, Message } from './session-state.js';

/** Of a line of the log. */
const LONGEST_LINE = 1000;

/**
 * What the header tells of a message. Nothing of our own users: where they were when they wrote is
 * nobody's business.
 *
 * @param verdict what there is against it, if anything
 */
export function headerValue(
  client: Client,
  message: Message,
  verdict: Verdict | undefined,
): string | undefined {
  const { settings, standing } = client;
  if (!settings.addsHeader || message.isAuthenticated) return undefined;
  if (standing === 'submission' || standing === 'local') return undefined;
  const address = standing === 'known' ? message.origin : client.address;
  if (address === undefined) return undefined;
  const rule = client.rule ?? message.rule;
  const isAllowed = standing === 'allowed' || hasAddress(settings.allow, address);
  const words = [
    `address=${formatAddress(address)}`,
    `country=${settings.countryOf(address) ?? 'unknown'}`,
    `verdict=${verdict?.action ?? (isAllowed ? 'allowed' : 'pass')}`,
  ];
  if (verdict !== undefined) words.push(`by=${verdict.by}`);
  else if (rule?.action.kind === 'accept') words.push(`by=rule in line ${rule.line}`);
  return words.join('; ');
}

/**
 * A line of the log about a verdict.
 *
 * @param whyPassed why it is not answered; undefined where it is
 * @param recipient undefined where the verdict is about the whole message
 */
export function verdictLine(
  client: Client,
  { sender, origin }: Message,
  { reply, by, check, action }: Verdict,
  whyPassed: string | undefined,
  recipient: string | undefined,
): string {
  const address = check === 'behind_known' ? origin : client.address;
  const country = address && client.settings.countryOf(address);
  const words = [
    whyPassed === undefined ? action : `would ${action} (${whyPassed})`,
    `by=${by}`,
    `client=${address === undefined ? client.host : formatAddress(address)}`,
    `country=${country ?? 'unknown'}`,
    `helo=${client.helo ?? ''}`,
    `from=${sender}`,
    ...(recipient === undefined ? [] : [`to=${recipient}`]),
    `reply="${reply}"`,
  ];
  return logLine(words.join(' '));
}

/** What strangers wrote, in one line of bounded length. */
export function logLine(text: string): string {
  return oneLine(text).slice(0, LONGEST_LINE);
}
