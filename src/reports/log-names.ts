import type { FirewallRule } from '../config/schema.js';
import { OUTSIDE } from '../firewall/nftables/names.js';
import type { LoggedName, LoggedNames } from './log-rows.js';

/** Rule and list as they stand in the prefix of a log line, with a space between. */
export type LogText = (rule: string, list: string) => string;

/**
 * What the names in log lines stand for. Pure.
 *
 * @param textOf for backends that shorten names to what the kernel's target LOG takes
 */
export function namesOfLog(
  rules: readonly FirewallRule[],
  textOf: LogText = (rule, list) => `${rule} ${list}`,
): LoggedNames {
  const names = new Map<string, LoggedName>();
  for (const { name: rule, deny, direction } of rules) {
    for (const list of deny ?? [OUTSIDE]) {
      names.set(textOf(rule, list), { rule, list, outgoing: direction === 'out' });
    }
  }
  return names;
}
