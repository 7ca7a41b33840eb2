import {
  type CompiledPattern,
  LARGEST_PROGRAM,
  STEPS,
  compilePattern,
  smallerText,
} from './posix-pattern.js';
import {
  type Condition,
  type Expression,
  type Rule,
  type RuleAction,
  type RuleSet,
  SUBJECTS,
} from './rule-set.js';
import { type Token, readTokens } from './tokens.js';

/** A place in a rule file that cannot be read. */
export interface RuleFault {
  readonly line: number;
  readonly found: string;
  readonly expected: string;
}

export interface ParsedRules extends RuleSet {
  /** Lines of expressions that look at the body, which is not read; they are left out. */
  readonly leftOut: readonly number[];
}

const ACTIONS = ['reject', 'tempfail', 'discard', 'quarantine', 'accept'] as const;
type ActionName = (typeof ACTIONS)[number];
const TWO_PATTERNS: ReadonlySet<string> = new Set(['connect', 'header', 'macro']);
const CONDITIONS: readonly string[] = [...SUBJECTS, 'macro', 'body'];
const RESERVED: ReadonlySet<string> = new Set([...ACTIONS, ...CONDITIONS, 'and', 'or', 'not']);

/** More of a text is never looked at, characters. */
export const LONGEST_TEXT = 8192;

/** Expressions within others; more is a mistake, or an attack. */
const DEEPEST = 100;

/**
 * Reads a rule file of milter-regex(8): an action, then expressions, each of which calls for it.
 * Differences: expressions with `body` are left out and told; a text may begin with its own code
 * (`"550 5.7.1 Not here"`); back-references are refused.
 */
export function parseRules(file: string): ParsedRules | RuleFault {
  try {
    return new Parser(readTokens(file)).parse();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.fault;
    throw thrown;
  }
}

class Fault extends Error {
  readonly fault: RuleFault;

  constructor({ line, kind, text }: Token, expected: string) {
    super(expected);
    const found = kind === 'end' ? 'the end of the file' : text.slice(0, 80);
    this.fault = { line, found, expected };
  }
}

/** An expression, unless it looks at the body. */
type Parsed = Expression | 'body';

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  readonly #conditions = new Map<string, Condition>();
  readonly #macros = new Map<string, Parsed>();
  readonly #rules: Rule[] = [];
  readonly #leftOut: number[] = [];
  readonly #longest: number[] = [];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): ParsedRules {
    while (this.#peek().kind !== 'end') {
      const token = this.#peek();
      if (isAction(token)) this.#rule();
      else if (token.kind === 'word' && !RESERVED.has(token.text)) this.#macro();
      else throw new Fault(token, `${ACTIONS.join(', ')}, or NAME = expression`);
    }
    return {
      rules: this.#rules,
      conditions: [...this.#conditions.values()],
      longest: [...this.#conditions.values()].map(
        ({ index }) => this.#longest[index] ?? LONGEST_TEXT,
      ),
      leftOut: this.#leftOut,
    };
  }

  #peek(): Token {
    return this.#tokens[this.#at] as Token;
  }

  /** The end is never taken. */
  #take(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#at += 1;
    return token;
  }

  #rule(): void {
    const action = this.#action();
    do {
      const token = this.#peek();
      const { line } = token;
      const expression = this.#expression(0);
      if (expression === 'body') this.#leftOut.push(line);
      else {
        this.#bound(token, expression);
        this.#rules.push({ line, action, expression });
      }
    } while (this.#startsExpression());
  }

  /** What looks at one text is matched at once: the larger, the less of the text is looked at. */
  #bound(start: Token, expression: Expression): void {
    const conditions = [...new Set(conditionsOf(expression))];
    for (const { subject, index } of conditions) {
      const together = conditions.filter((other) => other.subject === subject);
      const size = together.reduce((sum, other) => sum + other.size, 0);
      if (size > LARGEST_PROGRAM) {
        const advice = `; several expressions below one action are matched one by one`;
        throw new Fault(start, `${smallerText(size)}${advice}`);
      }
      const chars = Math.min(LONGEST_TEXT, Math.floor(STEPS / Math.max(1, size)));
      this.#longest[index] = Math.min(this.#longest[index] ?? LONGEST_TEXT, chars);
    }
  }

  #startsExpression(): boolean {
    const { kind, text } = this.#peek();
    if (kind === '(' || kind === '$') return true;
    return kind === 'word' && (text === 'not' || CONDITIONS.includes(text));
  }

  #action(): RuleAction {
    const { text: kind } = this.#take() as { text: ActionName };
    if (kind === 'discard' || kind === 'accept') return { kind, reply: '' };
    const token = this.#take();
    if (token.kind !== 'text') throw new Fault(token, `a text in quotes behind ${kind}`);
    if (kind === 'quarantine') return { kind, reply: token.text };
    return { kind, reply: withCode(kind, token) };
  }

  #macro(): void {
    const name = this.#take();
    const equals = this.#take();
    if (equals.kind !== '=') {
      throw new Fault(name, `${ACTIONS.join(', ')}, or NAME = expression`);
    }
    if (this.#macros.has(name.text)) throw new Fault(name, 'a name that is not defined yet');
    this.#macros.set(name.text, this.#expression(0));
  }

  /** `term`, `term and expression`, `term or expression`: they bind from the right. */
  #expression(depth: number): Parsed {
    if (depth > DEEPEST) throw new Fault(this.#peek(), `at most ${DEEPEST} expressions in another`);
    const left = this.#term(depth);
    const { kind: tokenKind, text } = this.#peek();
    if (tokenKind !== 'word' || (text !== 'and' && text !== 'or')) return left;
    this.#take();
    const right = this.#expression(depth + 1);
    return left === 'body' || right === 'body' ? 'body' : { kind: text, left, right };
  }

  #term(depth: number): Parsed {
    const token = this.#take();
    if (token.kind === '(') {
      const inside = this.#expression(depth + 1);
      const closing = this.#take();
      if (closing.kind !== ')') throw new Fault(closing, '"and", "or" or a closing parenthesis');
      return inside;
    }
    if (token.kind === '$') {
      const name = this.#take();
      const known = this.#macros.get(name.text);
      if (known === undefined) {
        throw new Fault(name, 'the name of an expression that is defined before (NAME = …)');
      }
      return known;
    }
    if (token.kind === 'word' && token.text === 'not') {
      if (depth > DEEPEST) throw new Fault(token, `at most ${DEEPEST} expressions in another`);
      const of = this.#term(depth + 1);
      return of === 'body' ? 'body' : { kind: 'not', of };
    }
    if (token.kind !== 'word' || !CONDITIONS.includes(token.text)) {
      throw new Fault(token, `${CONDITIONS.join(', ')}, not, $NAME or (`);
    }
    return this.#condition(token.text as Condition['subject'] | 'body');
  }

  #condition(subject: Condition['subject'] | 'body'): Parsed {
    const patterns = TWO_PATTERNS.has(subject) ? [this.#take(), this.#take()] : [this.#take()];
    const compiled = patterns.map(testOf);
    if (subject === 'body') return 'body';
    const key = [subject, ...patterns.map(({ text }) => text)].join('\n');
    const known = this.#conditions.get(key);
    const condition = known ?? {
      subject,
      index: this.#conditions.size,
      tests: compiled.map(({ test }) => test),
      size: compiled.reduce((sum, { size }) => sum + size, 0),
    };
    this.#conditions.set(key, condition);
    return { kind: 'condition', condition };
  }
}

function conditionsOf(expression: Expression): Condition[] {
  switch (expression.kind) {
    case 'condition':
      return [expression.condition];
    case 'not':
      return conditionsOf(expression.of);
    default:
      return [...conditionsOf(expression.left), ...conditionsOf(expression.right)];
  }
}

function isAction({ kind, text }: Token): boolean {
  return kind === 'word' && (ACTIONS as readonly string[]).includes(text);
}

/** @throws Fault where the code does not go with the action, or the text is more than a line */
function withCode(kind: 'reject' | 'tempfail', token: Token): string {
  const text = token.text;
  if (/[^\x20-\x7e]/.test(text)) throw new Fault(token, 'a text of printable ASCII in one line');
  if (Buffer.byteLength(text) > 480) throw new Fault(token, 'a text of at most 480 bytes');
  const first = kind === 'reject' ? '5' : '4';
  const own = /^([45])\d\d ([45])\.\d{1,3}\.\d{1,3} ./.exec(text);
  if (own === null) {
    const shown = text === '' ? DEFAULT_TEXTS[kind] : text;
    return `${kind === 'reject' ? '554 5.7.1' : '451 4.7.1'} ${shown}`;
  }
  if (own[1] !== first || own[2] !== first) {
    throw new Fault(token, `codes that begin with ${first} behind ${kind}`);
  }
  return text;
}

const DEFAULT_TEXTS = { reject: 'Command rejected', tempfail: 'Please try again later' };

const MATCHES_ALL: CompiledPattern = { test: () => true, size: 0 };

/** @throws Fault where it is no pattern with its delimiters, or not one that can be compiled */
function testOf(token: Token): CompiledPattern {
  const expected = 'a regular expression between two delimiters, such as /[.]example$/i';
  // a text in quotes is a pattern between those
  const text = token.kind === 'text' ? `"${token.text}"` : token.text;
  const delimiter = text[0] ?? '';
  const end = text.indexOf(delimiter, 1);
  if ((token.kind !== 'pattern' && token.kind !== 'text') || end < 0) {
    throw new Fault(token, expected);
  }
  const pattern = text.slice(1, end);
  const flags = text.slice(end + 1);
  if (/[^ein]/.test(flags)) {
    throw new Fault(token, 'flags e (extended), i (ignore case) and n (not) behind the delimiter');
  }
  if (pattern === '') {
    if (flags !== '') throw new Fault(token, 'no flags behind an empty expression');
    return MATCHES_ALL;
  }
  const compiled = compilePattern(pattern, {
    isExtended: flags.includes('e'),
    ignoresCase: flags.includes('i'),
  });
  if ('expected' in compiled) throw new Fault(token, compiled.expected);
  const { test, size } = compiled;
  return flags.includes('n') ? { test: (subject) => !test(subject), size } : compiled;
}
