import type { ZoneQuestion } from '../settings.js';

/**
 * A zone with return-code filters, as Postfix's restrictions and postscreen take them
 * (postconf(5), `reject_rbl_client`): `bl.example=127.0.0.[2;4]`. One for each of the first
 * three octets, since a list in every octet would also mean their combinations.
 */
export function postfixFilters({ host, codes }: Pick<ZoneQuestion, 'host' | 'codes'>): string[] {
  const lasts = new Map<string, string[]>();
  for (const code of codes) {
    const dot = code.lastIndexOf('.');
    const start = code.slice(0, dot);
    lasts.set(start, [...(lasts.get(start) ?? []), code.slice(dot + 1)]);
  }
  return [...lasts].map(
    ([start, last]) => `${host}=${start}.${last.length === 1 ? last[0] : `[${last.join(';')}]`}`,
  );
}
