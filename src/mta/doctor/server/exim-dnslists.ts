import { type Effect, type ZoneUse, plainHost } from './mail-server.js';

/** Verbs of ACLs (Exim specification, chapter 44) by what they do with a client that is listed. */
const EFFECTS: Readonly<Record<string, Effect>> = {
  deny: 'refuse',
  drop: 'refuse',
  defer: 'refuse',
  accept: 'pass',
  warn: 'log',
};

/** Zones of `dnslists` conditions, in what `exim -bP config` prints. */
export function dnslistsUses(config: string): ZoneUse[] {
  const uses: ZoneUse[] = [];
  let verb = '';
  for (const line of config.replaceAll(/\\\n\s*/g, '').split('\n')) {
    verb = /^\s*(deny|drop|defer|accept|warn|require|discard)\b/.exec(line)?.[1] ?? verb;
    const [, negation, lists] = /(!?)\s*\bdnslists\s*=\s*(.*)$/.exec(line) ?? [];
    if (lists === undefined) continue;
    // `deny !dnslists = approved zone` lets its clients pass
    const effect = negation === '!' ? 'pass' : (EFFECTS[verb] ?? 'log');
    for (const item of itemsOf(lists)) uses.push(...usesOf(item, effect));
  }
  return uses;
}

/** `<; a ; b` has a separator of its own. */
function itemsOf(lists: string): string[] {
  const [, separator = ':', items = lists] = /^<(\S)\s*(.*)$/.exec(lists) ?? [];
  return items.split(separator).map((item) => item.trim());
}

/** `domain[,domain]=code,code&mask/key`; `!` and `==` in front of codes are left out. */
function usesOf(item: string, effect: Effect): ZoneUse[] {
  const [spec = ''] = item.split(/\/(?=\$|<)/);
  const [, domains = '', codes, mask] = /^([^=&!]+)(?:!?==?([^&]*))?(?:!?&(.*))?$/.exec(spec) ?? [];
  const patterns =
    codes !== undefined && codes !== ''
      ? codes.split(',').map((code) => code.trim())
      : mask === undefined
        ? undefined
        : [`&${mask.trim()}`];
  return domains
    .split(',')
    .map((domain) => domain.trim())
    .filter((domain) => domain !== '')
    .map((domain) => ({ place: 'dnslists', host: plainHost(domain), codes: patterns, effect }));
}
