import type { LoadedConfig } from './load.js';
import type { Config } from './schema.js';
import { HIDDEN } from './secrets.js';

/**
 * What no reply to a client and no TXT record may tell: names of zones that have keys, and the keys.
 * Whoever has read them in a bounce could ask the zone.
 */
export class ZoneSecrets {
  readonly #pattern: RegExp | undefined;

  constructor({ dnsbl }: Pick<Config, 'dnsbl'>) {
    const alternatives = (dnsbl?.zones ?? []).flatMap(({ name, keys }) => {
      if (keys === undefined) return [];
      const key = `(?:${keys.map(literal).join('|')})`;
      // not within a longer label, whose domain is another one
      return [`(?:${key}\\.|(?<![a-z0-9-]))${literal(name)}(?![a-z0-9-])`, key];
    });
    if (alternatives.length > 0) this.#pattern = new RegExp(alternatives.join('|'), 'gi');
  }

  /** Whether there are any. */
  get isEmpty(): boolean {
    return this.#pattern === undefined;
  }

  areIn(text: string): boolean {
    return this.hiddenIn(text) !== text;
  }

  /** The text with `(hidden)` in place of each secret. */
  hiddenIn(text: string): string {
    return this.#pattern === undefined ? text : text.replaceAll(this.#pattern, HIDDEN);
  }
}

function literal(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9]/g, '\\$&');
}

/** What is said of a text that tells a secret, behind its place. */
export const TELLS_SECRET = `names a zone that has keys, or a key; clients are told ${HIDDEN} instead`;

/**
 * Texts of the configuration that tell a secret, also by the name of a list (`$list`): a line each,
 * with file and line and without the secret.
 */
export function secretTexts({ config, placeOf }: LoadedConfig): string[] {
  const secrets = new ZoneSecrets(config);
  if (secrets.isEmpty) return [];
  const found: string[] = [];
  const look = (path: readonly (string | number)[], text = '', list = ''): void => {
    if (secrets.areIn(text.replaceAll('$list', list))) {
      found.push(`${placeOf(path)}: ${TELLS_SECRET}`);
    }
  };
  const { dnsbl, milter, mta } = config;
  for (const [k, { lists }] of (dnsbl?.zones ?? []).entries()) {
    for (const [name, { text }] of Object.entries(lists)) {
      look(['dnsbl', 'zones', k, 'lists', name, 'text'], text, name);
    }
  }
  for (const [name, { text }] of Object.entries(milter?.lists ?? {})) {
    look(['milter', 'lists', name, 'text'], text, name);
  }
  for (const [name, text] of Object.entries(milter?.texts ?? {}))
    look(['milter', 'texts', name], text);
  for (const [name, text] of Object.entries(mta.texts)) look(['mta', 'texts', name], text);
  return found;
}

/** Whether any text that clients are told has the reason of an entry in it. */
export function tellsReasons({ dnsbl, milter }: Config): boolean {
  const lists = [milter?.lists ?? {}, ...(dnsbl?.zones ?? []).map((zone) => zone.lists)];
  const texts = lists.flatMap((each) => Object.values(each).map(({ text = '' }) => text));
  return [...texts, ...Object.values(milter?.texts ?? {})].some((text) => text.includes('$reason'));
}
