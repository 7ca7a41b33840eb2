import type { Config, ZoneConfig } from '../../config/schema.js';

/** A configured zone, as its test entries ought to answer (RFC 5782 5). */
export interface ExpectedZone {
  /** For people: with `KEY` instead of a key. */
  readonly shown: string;
  /** Names under which it answers: below each of its keys, where it has any. */
  readonly hosts: readonly string[];
  readonly isSecret: boolean;
  /** Whom it lists, mail servers let pass. */
  readonly isApproved: boolean;
  readonly kind: ZoneConfig['kind'];
  /** What 127.0.0.2 answers; undefined where only the files of others know. */
  readonly testCode: string | undefined;
  /** Whether the test entry has a TXT record; undefined where only the files of others know. */
  readonly hasText: boolean | undefined;
  /** Return codes and the lists behind each. */
  readonly codes: ReadonlyMap<string, readonly string[]>;
  /** Those of them that refuse for now. */
  readonly temporary: ReadonlySet<string>;
  readonly negativeTtlSeconds: number;
}

/** The zones of the configuration, in its order. */
export function expectedZones({ dnsbl, lists }: Pick<Config, 'dnsbl' | 'lists'>): ExpectedZone[] {
  return (dnsbl?.zones ?? []).map((zone) => {
    const { name, kind, keys, approved } = zone;
    return {
      shown: keys === undefined ? name : `KEY.${name}`,
      hosts: keys === undefined ? [name] : keys.map((key) => `${key}.${name}`),
      isSecret: keys !== undefined,
      isApproved: approved,
      kind,
      ...testEntryOf(zone),
      codes: codesOf(zone),
      temporary: temporaryCodes(zone, lists),
      negativeTtlSeconds: Math.round(zone.negative_ttl / 1000),
    };
  });
}

/** The list whose code is 127.0.0.2 answers for that address, else the first. */
function testEntryOf({ kind, lists }: ZoneConfig): Pick<ExpectedZone, 'testCode' | 'hasText'> {
  if (kind === 'rbldnsd') return { testCode: undefined, hasText: undefined };
  if (kind !== 'list') return { testCode: '127.0.0.2', hasText: true };
  const all = Object.values(lists);
  const own = all.find(({ code }) => code === '127.0.0.2') ?? all[0];
  return { testCode: own?.code, hasText: (own?.text ?? '') !== '' };
}

function codesOf({ lists }: ZoneConfig): Map<string, string[]> {
  const codes = new Map<string, string[]>();
  for (const [list, { code }] of Object.entries(lists)) {
    codes.set(code, [...(codes.get(code) ?? []), list]);
  }
  return codes;
}

function temporaryCodes(zone: ZoneConfig, lists: Config['lists']): Set<string> {
  const codes = Object.entries(zone.lists).flatMap(([name, { code, action }]) =>
    (action ?? lists[name]?.action) === 'tempfail' ? [code] : [],
  );
  return new Set(codes);
}

/** Whether every address has an answer there, so that it can be no list. */
export function answersForAll({ kind }: ExpectedZone): boolean {
  return kind === 'country' || kind === 'origin';
}

/** The zone that a name of a mail server's configuration means. */
export function findZone(zones: readonly ExpectedZone[], host: string): ExpectedZone | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  return zones.find(({ hosts }) => hosts.includes(name));
}

/** Takes keys out of whatever a mail server or a resolver said. */
export function keyHider({ dnsbl }: Pick<Config, 'dnsbl'>): (text: string) => string {
  const keys = (dnsbl?.zones ?? []).flatMap((zone) => zone.keys ?? []);
  if (keys.length === 0) return (text) => text;
  // the longest first, lest a part of one remain; keys are letters, digits and -
  const longest = keys.toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(longest.join('|'), 'gi');
  return (text) => text.replaceAll(pattern, 'KEY');
}
