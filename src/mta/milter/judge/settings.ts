import type { ZoneSecrets } from '../../../config/zone-secrets.js';
import type { Address } from '../../../ip/address.js';
import type { AddressSet } from '../../../ip/address-set.js';
import type { RuleSet } from '../rules/rule-set.js';
import type { ExemptRecipients } from './recipients.js';

/** Refuse for good, or for now. */
export type RefusalAction = 'reject' | 'tempfail';

/** How a check refuses. */
export interface Refusal {
  readonly action: RefusalAction;
  /** Code and enhanced code, such as `550 5.7.1`. */
  readonly code: string;
  /** With placeholders, see `replyText`. */
  readonly text: string;
}

/** A list whose addresses are refused. */
export interface JudgedList {
  readonly name: string;
  readonly addresses: AddressSet;
  readonly refusal: Refusal;
  /** Why an address of it is on the list, where the text asks for that. */
  readonly reasonOf?: (address: Address) => string | undefined;
}

/** All that sessions are judged by: made anew as a whole, never changed. */
export interface MilterSettings {
  /** In the order in which they are asked: the first that holds an address decides. */
  readonly lists: readonly JudgedList[];
  /** Addresses that are never refused, whatever else is said. */
  readonly allow: AddressSet;
  /** Our own gateways: not they are judged, but who gave them the mail. */
  readonly known: AddressSet;
  readonly exempt: ExemptRecipients;
  /** What no reply may tell. */
  readonly secrets: Pick<ZoneSecrets, 'hiddenIn'>;
  readonly helo: {
    readonly noDot?: Refusal;
    readonly own?: Refusal;
    /** Names of this host, in lower case and without the last dot. */
    readonly names: ReadonlySet<string>;
    readonly addresses: AddressSet;
  };
  readonly rules: RuleSet;
  readonly countryOf: (address: Address) => string | undefined;
  /** Whether mail from the submission ports is judged. */
  readonly judgesSubmission: boolean;
  /** Whether mail that a known host passed on may be refused. */
  readonly refusesBehindKnown: boolean;
  /** Whether a header tells the verdict. */
  readonly addsHeader: boolean;
  /** Refuse nothing, tell only. */
  readonly isDryRun: boolean;
}
