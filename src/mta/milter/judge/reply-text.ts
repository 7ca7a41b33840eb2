import type { ZoneSecrets } from '../../../config/zone-secrets.js';
import type { Refusal } from './settings.js';

/** What a text of the configuration may tell the client. */
export interface ReplyFacts {
  readonly address: string;
  readonly country: string | undefined;
  readonly list?: string;
  readonly reason?: string;
  readonly helo?: string;
}

const PLACEHOLDER = /\$(\$|cc|list|reason|helo)?/g;

/** An SMTP reply of one line is at most 512 bytes, with code and CR LF (RFC 5321 4.5.3.1.5). */
const LONGEST_TEXT = 480;

export function usesReason(text: string): boolean {
  return [...text.matchAll(PLACEHOLDER)].some((match) => match[1] === 'reason');
}

/** Fills in `$`, `$cc`, `$list`, `$reason`, `$helo` and `$$`: code and text, in one line of ASCII, without `secrets`. */
export function replyText(
  { code, text }: Refusal,
  facts: ReplyFacts,
  secrets: Pick<ZoneSecrets, 'hiddenIn'>,
): string {
  const filled = text.replaceAll(PLACEHOLDER, (_, name: string | undefined) => {
    switch (name) {
      case '$':
        return '$';
      case 'cc':
        return facts.country ?? 'unknown';
      case 'list':
        return facts.list ?? '';
      case 'reason':
        return facts.reason ?? '';
      case 'helo':
        return facts.helo ?? '';
      default:
        return facts.address;
    }
  });
  return `${code} ${secrets.hiddenIn(oneLine(filled)).slice(0, LONGEST_TEXT)}`;
}

/** Printable ASCII: what a client sent must not end the line, here or in a log. */
export function oneLine(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?');
}
