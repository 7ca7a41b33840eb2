import {
  type Condition,
  type Expression,
  type Rule,
  type RuleSet,
  SUBJECTS,
  type Subject,
} from './rule-set.js';

/** A condition whose text has not been told yet is neither true nor false. */
const UNKNOWN = 0;
const TRUE = 1;
const FALSE = 2;
type Value = typeof UNKNOWN | typeof TRUE | typeof FALSE;

/**
 * The state of a rule set within one connection. After each thing that the mail server tells, the
 * first rule of the file that is true then is given, as milter-regex(8) does: also where other
 * texts are still to come, if whatever they are can change nothing.
 */
export class RuleRun {
  readonly #set: RuleSet;
  readonly #values: Uint8Array;

  constructor(set: RuleSet) {
    this.#set = set;
    this.#values = new Uint8Array(set.conditions.length);
  }

  /** Whether any condition looks at this. */
  looksAt(subject: Condition['subject']): boolean {
    return this.#set.conditions.some((condition) => condition.subject === subject);
  }

  /**
   * Tells a subject that has one value (all but headers): what was known of it and of what follows
   * it is forgotten.
   */
  tell(subject: Exclude<Subject, 'header'>, ...texts: readonly string[]): Rule | undefined {
    if (this.#set.rules.length === 0) return undefined;
    const from = SUBJECTS.indexOf(subject);
    for (const condition of this.#set.conditions) {
      if (condition.subject === subject) {
        this.#values[condition.index] = this.#matches(condition, texts) ? TRUE : FALSE;
      } else if (condition.subject === 'macro') {
        // a later message may have others, as after AUTH
        if (this.#values[condition.index] === FALSE) this.#values[condition.index] = UNKNOWN;
      } else if (SUBJECTS.indexOf(condition.subject) > from) {
        this.#values[condition.index] = UNKNOWN;
      }
    }
    return this.#firstTrue();
  }

  /** Tells one header or macro of several: a condition is true as soon as one matches. */
  tellOne(subject: 'header' | 'macro', name: string, value: string): Rule | undefined {
    let hasChanged = false;
    for (const condition of this.#set.conditions) {
      if (condition.subject !== subject || this.#values[condition.index] === TRUE) continue;
      if (!this.#matches(condition, [name, value])) continue;
      this.#values[condition.index] = TRUE;
      hasChanged = true;
    }
    return hasChanged ? this.#firstTrue() : undefined;
  }

  /** Tells that there are no more of them: what has not matched is false. */
  tellEnd(subject: 'header' | 'macro'): Rule | undefined {
    let hasChanged = false;
    for (const { subject: other, index } of this.#set.conditions) {
      if (other !== subject || this.#values[index] !== UNKNOWN) continue;
      this.#values[index] = FALSE;
      hasChanged = true;
    }
    return hasChanged ? this.#firstTrue() : undefined;
  }

  #matches({ index, tests }: Condition, texts: readonly string[]): boolean {
    const longest = this.#set.longest[index] ?? 0;
    return tests.every((test, k) => test((texts[k] ?? '').slice(0, longest)));
  }

  #firstTrue(): Rule | undefined {
    return this.#set.rules.find(({ expression }) => this.#valueOf(expression) === TRUE);
  }

  #valueOf(expression: Expression): Value {
    switch (expression.kind) {
      case 'condition':
        return this.#values[expression.condition.index] as Value;
      case 'not':
        return opposite(this.#valueOf(expression.of));
      case 'and':
        return both(this.#valueOf(expression.left), this.#valueOf(expression.right));
      case 'or': {
        const left = opposite(this.#valueOf(expression.left));
        return opposite(both(left, opposite(this.#valueOf(expression.right))));
      }
    }
  }
}

function opposite(value: Value): Value {
  if (value === UNKNOWN) return UNKNOWN;
  return value === TRUE ? FALSE : TRUE;
}

function both(left: Value, right: Value): Value {
  if (left === FALSE || right === FALSE) return FALSE;
  return left === TRUE && right === TRUE ? TRUE : UNKNOWN;
}
