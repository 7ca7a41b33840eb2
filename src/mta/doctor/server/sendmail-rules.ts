import { type Effect, type Outcome, type ZoneUse, plainHost } from './mail-server.js';

/**
 * Zones in the rules that FEATURE(`dnsbl') and FEATURE(`enhdnsbl') write: a lookup of the reversed
 * address, then a rule for each return code, or one for any.
 */
export function lookupUses(cf: string): ZoneUse[] {
  const uses: ZoneUse[] = [];
  const lines = cf.split('\n');
  for (const [at, line] of lines.entries()) {
    const host = /^R.*\$\(\S+ \$4\.\$3\.\$2\.\$1\.(\S+?)\.? /.exec(line)?.[1];
    if (host === undefined) continue;
    uses.push({ place: 'check_relay', host: plainHost(host), ...outcomesOf(lines.slice(at + 1)) });
  }
  return uses;
}

function outcomesOf(lines: readonly string[]): Pick<ZoneUse, 'codes' | 'effect'> {
  const codes: string[] = [];
  let effect: Effect = 'log';
  let isAny = false;
  for (const line of lines) {
    const [, left, right = ''] = /^R<\?>(\S+)\s+(.*)$/.exec(line) ?? [];
    if (left === undefined) break;
    if (left === 'OK' || left.includes('<TMP>')) continue;
    if (left.startsWith('$')) isAny = true;
    else codes.push(left.replace(/\.$/, ''));
    if (right.startsWith('$#error') || right.startsWith('$#discard')) effect = 'refuse';
    else if (right.startsWith('$#')) effect = 'pass';
  }
  return { codes: isAny ? undefined : codes, effect };
}

/** What test mode prints last: `returns: $# error $@ 5 . 7 . 1 $: "550 5.7.1 …"`. */
export function parseVerdict(output: string): Pick<Outcome, 'effect' | 'reply'> {
  const result = /.*\breturns:\s+(.*)$/s.exec(output)?.[1]?.split('\n')[0]?.trim();
  if (result === undefined) return { effect: 'pass', reply: 'no result' };
  const [, text] = /^\$# ?error\b.*?\$: (.*)$/.exec(result) ?? [];
  if (text === undefined) return { effect: 'pass', reply: result };
  return {
    effect: 'refuse',
    reply: text.replaceAll('"', '').replaceAll(/\s+/g, ' ').replaceAll(' . ', '.').trim(),
  };
}
