import type { TextTest } from './posix-pattern.js';

/** What a condition looks at, in the order in which mail servers tell it. */
export const SUBJECTS = ['connect', 'country', 'helo', 'envfrom', 'envrcpt', 'header'] as const;
export type Subject = (typeof SUBJECTS)[number];

/** Whether one or two texts match, such as a header's name and value. */
export interface Condition {
  readonly subject: Subject | 'macro';
  /** Place in the columns of a run. */
  readonly index: number;
  readonly tests: readonly TextTest[];
  /** Instructions of its regular expressions. */
  readonly size: number;
}

export type Expression =
  | { readonly kind: 'condition'; readonly condition: Condition }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression };

export interface RuleAction {
  readonly kind: 'reject' | 'tempfail' | 'discard' | 'quarantine' | 'accept';
  /** Of a refusal code and text, such as `554 5.7.1 Not here`; of quarantine the reason. */
  readonly reply: string;
}

/** An expression and what is done where it is true. */
export interface Rule {
  /** Line of the expression, 1-based. */
  readonly line: number;
  readonly action: RuleAction;
  readonly expression: Expression;
}

/** A rule file that was read: rules in its order. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  readonly conditions: readonly Condition[];
  /**
   * By the index of a condition: characters of a text that are looked at, so that no rule takes more
   * than a bounded time.
   */
  readonly longest: readonly number[];
}

export const NO_RULES: RuleSet = { rules: [], conditions: [], longest: [] };
