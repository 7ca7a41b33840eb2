import type { FirewallRule } from '../config/schema.js';
import { logPrefix } from '../firewall/iptables/names.js';
import { OUTSIDE } from '../policy/plan.js';
import type { LoggedName, LoggedNames } from './log-rows.js';

/**
 * What the names in log lines stand for: in full as nftables writes them, and shortened to what
 * the target LOG of iptables takes. Pure.
 */
export function namesOfLog(rules: readonly FirewallRule[]): LoggedNames {
  const names = new Map<string, LoggedName>();
  for (const { name: rule, deny, direction } of rules) {
    for (const list of deny ?? [OUTSIDE]) {
      const name = { rule, list, outgoing: direction === 'out' };
      names.set(`${rule} ${list}`, name);
      names.set(shortenedNames(rule, list), name);
    }
  }
  return names;
}

function shortenedNames(rule: string, list: string): string {
  return logPrefix(rule, list)
    .replace(/^sekisho /, '')
    .replace(/: $/, '');
}
