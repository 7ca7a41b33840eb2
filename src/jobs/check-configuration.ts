import type { LoadedConfig } from '../config/load.js';
import { checkZones } from '../dnsbl/lists/check-zones.js';
import { assertExportRules } from '../exports/rules.js';
import { planOf } from '../firewall/open-plan.js';
import { parseIPv4, parseIPv6 } from '../ip/address.js';
import { addressSetOf } from '../ip/address-set.js';
import { assertDefinitions } from '../lists/open-lists.js';

/**
 * What can be wrong with a configuration, apart from what lists hold: references, exports, zones,
 * the firewall's rules.
 *
 * @throws UsageError for the first fault, naming file, line, what was found and expected
 */
export function checkConfiguration(loaded: LoadedConfig): void {
  assertDefinitions(loaded);
  assertExportRules(loaded);
  const { dnsbl, firewall, lists } = loaded.config;
  if (dnsbl !== undefined) checkZones(loaded);
  if (firewall === undefined) return;
  // whether a list is empty is seen when it is made
  planOf(loaded, new Map(Object.keys(lists).map((name) => [name, { addresses: SAMPLE }])));
}

/** Addresses for documentation (RFC 5737, RFC 3849). */
const SAMPLE = addressSetOf([
  rangeOf(4, Uint32Array.of(parseIPv4('192.0.2.1') as number)),
  rangeOf(6, parseIPv6('2001:db8::1') as Uint32Array),
]);

function rangeOf(family: 4 | 6, words: Uint32Array) {
  return { family, first: words, last: words };
}
