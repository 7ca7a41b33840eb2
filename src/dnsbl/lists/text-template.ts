import type { TextPart } from '../zone/zone-source.js';

/** What is known of a listing when its zone is made. */
export interface ListingFacts {
  readonly list: string;
  /** Two capital letters; empty where no country is known. */
  readonly cc: string;
  readonly reason: string;
}

const PLACEHOLDER = /\$(\$|cc|prefix|list|reason)?/g;

/** Whether a text depends on the country, so that a list has to be divided by it. */
export function usesCountry(text: string): boolean {
  return placeholdersOf(text).includes('cc');
}

export function usesPrefix(text: string): boolean {
  return placeholdersOf(text).includes('prefix');
}

export function usesReason(text: string): boolean {
  return placeholdersOf(text).includes('reason');
}

/**
 * Fills in what is known now: `$cc`, `$list`, `$reason` and `$$`; `$` and `$prefix` remain for
 * when the question is known.
 *
 * @param prefix what `$prefix` becomes
 */
export function textParts(
  text: string,
  facts: ListingFacts,
  prefix: `prefix ${number}`,
): readonly TextPart[] {
  const parts: TextPart[] = [];
  let literal = '';
  const flush = (): void => {
    if (literal !== '') parts.push(new TextEncoder().encode(literal));
    literal = '';
  };
  let end = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    literal += text.slice(end, match.index);
    end = match.index + match[0].length;
    const known = knownText(match[1], facts);
    if (known !== undefined) {
      literal += known;
      continue;
    }
    flush();
    parts.push(match[1] === 'prefix' ? prefix : 'subject');
  }
  literal += text.slice(end);
  flush();
  return parts;
}

function knownText(name: string | undefined, facts: ListingFacts): string | undefined {
  switch (name) {
    case '$':
      return '$';
    case 'cc':
      return facts.cc;
    case 'list':
      return facts.list;
    case 'reason':
      return facts.reason;
    default:
      return undefined;
  }
}

function placeholdersOf(text: string): (string | undefined)[] {
  return [...text.matchAll(PLACEHOLDER)].map((match) => match[1]);
}
