import type { LoadedConfig } from '../config/load.js';
import type { MilterConfig } from '../config/schema.js';
import { checkZones } from '../dnsbl/lists/check-zones.js';
import { assertExportRules } from '../exports/rules.js';
import { planOf } from '../firewall/open-plan.js';
import { parseIPv4, parseIPv6 } from '../ip/address.js';
import { addressSetOf } from '../ip/address-set.js';
import { faultText } from '../lists/catalogue.js';
import { assertDefinitions, readListLines } from '../lists/open-lists.js';
import { secretWarnings } from '../lists/secret-reasons.js';
import { checkMilter } from '../mta/milter/check-milter.js';
import { assertKnownHosts } from '../mta/settings.js';
import { adviceOn } from '../policy/advice.js';
import { UsageError } from '../util/errors.js';
import { assertMailMaps } from './write-mail-maps.js';

/**
 * What can be wrong with a configuration by itself, for every part of it: references, codes,
 * names, prefixes. The files that people keep are not opened: a service goes on by their last
 * good content, and says so.
 *
 * @throws UsageError for the first fault, naming file, line, what was found and expected
 */
export function checkConfiguration(loaded: LoadedConfig): void {
  assertDefinitions(loaded);
  assertExportRules(loaded);
  assertMailMaps(loaded);
  assertKnownHosts(loaded);
  const { dnsbl, milter, firewall, lists } = loaded.config;
  if (dnsbl !== undefined) checkZones(loaded);
  if (milter !== undefined) checkMilter(loaded);
  if (firewall === undefined) return;
  // whether a list is empty is seen when it is made
  planOf(loaded, new Map(Object.keys(lists).map((name) => [name, { addresses: SAMPLE }])));
}

/**
 * Everything that can be known before an update: the configuration, and the files that people
 * keep, which are lists and the milter's rules.
 *
 * @returns what is allowed and seldom meant, and what is passed over; a sentence each
 * @throws UsageError for the first fault of the configuration or of the rules, and for all bad
 *   lines of lists; SourceError for a list that cannot be read
 */
export async function checkWithFiles(loaded: LoadedConfig): Promise<readonly string[]> {
  checkConfiguration(loaded);
  const lines = readListLines(loaded);
  const faults = [...lines.values()].flatMap(({ path, faults: found }) =>
    found.map((fault) => faultText({ ...fault, path })),
  );
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  const { dnsbl, firewall, lists, milter } = loaded.config;
  return [
    ...secretWarnings(loaded, lines),
    ...(milter ? await ruleWarnings(loaded, milter) : []),
    ...(firewall ? adviceOn(firewall, lists, dnsbl) : []),
  ];
}

/** Its regular expressions are loaded where there is a milter only. */
async function ruleWarnings(
  loaded: LoadedConfig,
  milter: MilterConfig,
): Promise<readonly string[]> {
  const { readRules } = await import('../mta/milter/read-rules.js');
  return readRules(loaded, milter).warnings;
}

/** Addresses for documentation (RFC 5737, RFC 3849). */
const SAMPLE = addressSetOf([
  rangeOf(4, Uint32Array.of(parseIPv4('192.0.2.1') as number)),
  rangeOf(6, parseIPv6('2001:db8::1') as Uint32Array),
]);

function rangeOf(family: 4 | 6, words: Uint32Array) {
  return { family, first: words, last: words };
}
