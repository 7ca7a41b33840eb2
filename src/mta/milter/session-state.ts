import type { Address } from '../../ip/address.js';
import type { NotJudged } from './counters.js';
import type { MilterSettings } from './judge/settings.js';
import type { Verdict } from './judge/verdict.js';
import type { RuleRun } from './rules/rule-run.js';
import type { Rule } from './rules/rule-set.js';

/** How one client stands, from connect to the end of its connection. */
export interface Client {
  readonly settings: MilterSettings;
  readonly host: string;
  readonly address: Address | undefined;
  /** Why it is not judged itself. */
  readonly standing: NotJudged | undefined;
  readonly rules: RuleRun;
  /** The mail server's own name, where it tells one. */
  readonly ownName: string | undefined;
  /** Undefined before the first HELO. */
  helo: string | undefined;
  connectVerdict: Verdict | undefined;
  heloVerdict: Verdict | undefined;
  /** A rule that decided before MAIL, and whether it did at connect. */
  rule: Rule | undefined;
  ruleAtConnect: boolean;
}

/** One message, from MAIL to its end. */
export interface Message {
  readonly sender: string;
  readonly isAuthenticated: boolean;
  rule: Rule | undefined;
  /** Whether that rule decided when the recipients had been answered. */
  isRuleLate: boolean;
  hasExempt: boolean;
  received: string[];
  forged: number;
  hasHeaders: boolean;
  /** Found after the headers, of who gave the mail to a known host. */
  origin: Address | undefined;
  lateVerdict: Verdict | undefined;
}

/** Whether a rule has decided already: the first one counts. */
export function isDecided(client: Client, message: Message): boolean {
  return client.rule !== undefined || message.rule !== undefined;
}
