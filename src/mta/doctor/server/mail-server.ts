import type { Finding } from '../finding.js';
import type { ExpectedZone } from '../zones.js';

/** What a program does with a client that a zone lists. */
export type Effect = 'refuse' | 'pass' | 'log' | 'score';

/** A place of a configuration that asks a zone. */
export interface ZoneUse {
  /** As in `smtpd_recipient_restrictions`. */
  readonly place: string;
  /** The zone's name, in lower case and without the last dot. */
  readonly host: string;
  /** Patterns of return codes ({@link matchesCode}); undefined where any answer counts. */
  readonly codes: readonly string[] | undefined;
  readonly effect: Effect;
  /** The place cannot refuse for now, so lists that do so are left to others. */
  readonly isForGoodOnly?: true;
}

/** What a program said when it was asked about a listed client. */
export interface Outcome {
  readonly host: string;
  readonly code: string;
  readonly effect: Effect;
  /** What a client would read, where it would read anything. */
  readonly reply: string;
  /** How that was found out. */
  readonly asked: string;
}

/** What a mail server's configuration says of zones. */
export interface MailServerFacts {
  /** With its version. */
  readonly title: string;
  /** File or folder that was read. */
  readonly place: string;
  readonly uses: readonly ZoneUse[];
  readonly outcomes: readonly Outcome[];
  /** What is particular to this program. */
  readonly findings: readonly Finding[];
}

export interface LookOptions {
  readonly zones: readonly ExpectedZone[];
  /** File or folder of its configuration, where that is not in the usual place. */
  readonly file?: string;
  /** For each program that is run. */
  readonly timeoutMs: number;
}

/** Looks at one mail server or filter; changes nothing, and sends no mail. */
export interface MailServer {
  /** The same as for `sekisho mta print`. */
  readonly name: string;
  /** Whether it can tell return codes apart. */
  readonly hasFilters: boolean;
  /** How a zone is written with its return codes. */
  filtered(zone: string, codes: readonly string[]): string;
  /**
   * @returns undefined where it is not installed
   * @throws KnownError where it is, and cannot be looked at
   */
  look(options: LookOptions): Promise<MailServerFacts | undefined>;
}

/** A zone's name as configurations are compared by it. */
export function plainHost(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}

/** Codes of which a zone has test entries, each being its own address; the first few. */
export function testableCodes({ kind, codes }: ExpectedZone): string[] {
  if (kind !== 'list') return [];
  return [...codes.keys()]
    .filter((code) => code.startsWith('127.') && code !== '127.0.0.1')
    .slice(0, MOST_CODES);
}

/** An address for documentation (RFC 5737), which no site trusts as it may trust 127/8. */
export const STRANGER = '192.0.2.1';

/** A session for each takes a second with some programs. */
const MOST_CODES = 8;
