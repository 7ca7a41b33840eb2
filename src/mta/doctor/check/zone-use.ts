import { matchesCode } from '../code-pattern.js';
import { type Finding, finding } from '../finding.js';
import type { MailServer, MailServerFacts, ZoneUse } from '../server/mail-server.js';
import { type ExpectedZone, answersForAll } from '../zones.js';

/** A mail server, and what was found of it. */
export interface ServerFacts {
  readonly server: Pick<MailServer, 'name' | 'hasFilters' | 'filtered'>;
  readonly facts: MailServerFacts;
}

/** Whether the zones are in configurations, and how; pure. */
export function checkZoneUse(
  zones: readonly ExpectedZone[],
  servers: readonly ServerFacts[],
): Finding[] {
  return zones.flatMap((zone) => {
    const found = servers.flatMap((one) => checkServer(zone, one));
    const isUsed = servers.some(({ facts }) => usesOf(zone, facts).length > 0);
    if (isUsed || answersForAll(zone) || servers.length === 0) return found;
    const SERVERS = servers.map(({ facts }) => `${facts.title} (${facts.place})`).join(', ');
    const NAME = servers[0]?.server.name ?? '';
    return [finding('zone-missing', { ZONE: zone.shown, SERVERS, NAME })];
  });
}

function usesOf({ hosts }: ExpectedZone, { uses }: MailServerFacts): ZoneUse[] {
  return uses.filter(({ host }) => hosts.includes(host));
}

function checkServer(zone: ExpectedZone, { server, facts }: ServerFacts): Finding[] {
  const uses = usesOf(zone, facts);
  if (uses.length === 0) return [];
  const words = { ZONE: zone.shown, PROGRAM: facts.title, NAME: server.name };
  const found: Finding[] = [];
  for (const PLACE of new Set(uses.map(({ place }) => place))) {
    const here = uses.filter(({ place }) => place === PLACE);
    const isAnything = here.some(({ codes }) => codes === undefined);
    // with a filter it asks for a country or two, which may be meant
    if (isAnything && answersForAll(zone)) {
      found.push(finding('country-zone-as-list', { ...words, PLACE }));
    } else if (isAnything && server.hasFilters) {
      const codes = zone.codes.size === 0 ? ['127.0.0.2'] : [...zone.codes.keys()];
      const FILTERED = server.filtered(zone.shown, codes);
      found.push(finding('filter-missing', { ...words, PLACE, FILTERED }));
    } else {
      found.push(finding('zone-used', { ...words, PLACE }));
    }
  }
  return [...found, ...unusedCodes(zone, uses, words)];
}

function unusedCodes(
  zone: ExpectedZone,
  uses: readonly ZoneUse[],
  words: Readonly<Record<string, string>>,
): Finding[] {
  if (uses.some(({ codes }) => codes === undefined)) return [];
  const patterns = uses.flatMap(({ codes }) => codes ?? []);
  const unused = [...zone.codes].filter(
    ([code]) => !patterns.some((one) => matchesCode(one, code)),
  );
  const isForGoodOnly = uses.every((use) => use.isForGoodOnly === true);
  const isByDesign = ([code]: readonly [string, ...unknown[]]): boolean =>
    isForGoodOnly && zone.temporary.has(code);
  const groups = [
    ['codes-for-good', unused.filter(isByDesign)],
    ['codes-unused', unused.filter((one) => !isByDesign(one))],
  ] as const;
  return groups.flatMap(([name, codes]) => {
    if (codes.length === 0) return [];
    const CODES = codes.map(([code]) => code).join(', ');
    const LISTS = codes.flatMap(([, lists]) => lists).join(', ');
    return [finding(name, { ...words, CODES, LISTS })];
  });
}
