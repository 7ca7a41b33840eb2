import { RE2JS } from 're2js';

/** A pattern that cannot be used, and why. */
export interface BadPattern {
  readonly expected: string;
}

/** Whether a text matches. */
export type TextTest = (text: string) => boolean;

/** A pattern that was compiled. */
export interface CompiledPattern {
  readonly test: TextTest;
  /** Instructions of its program: each character of a text may take a step for every one of them. */
  readonly size: number;
}

/**
 * The largest program. With {@link STEPS} a text of 1,000 characters, the longest line of a message
 * (RFC 5322 2.1.1), is looked at as a whole.
 */
export const LARGEST_PROGRAM = 400;
/** Program size times characters: at the most some 35 ms on a slow core (measured at 90 ns a step). */
export const STEPS = 400_000;

/** What is expected of a pattern, or of several that are matched one after the other. */
export function smallerText(size: number | undefined): string {
  const is = size === undefined ? 'this one is far larger' : `this compiles to ${size}`;
  return (
    `at most ${LARGEST_PROGRAM} instructions of regular expressions, and ${is}: repetitions within ` +
    'repetitions multiply, and all sessions wait for each match'
  );
}

/**
 * Compiles a regular expression of POSIX, basic or extended (re_format(7)), for an engine that is
 * linear in the length of the text, whatever a stranger sends (RE2). Without back-references,
 * which no such engine has. `.` and `[^x]` match line breaks, as regexec(3) does.
 */
export function compilePattern(
  pattern: string,
  flags: { readonly isExtended: boolean; readonly ignoresCase: boolean },
): CompiledPattern | BadPattern {
  const source = translate(pattern, flags.isExtended ? EXTENDED : BASIC);
  if (typeof source !== 'string') return source;
  try {
    const compiled = RE2JS.compile(
      source,
      RE2JS.DOTALL | (flags.ignoresCase ? RE2JS.CASE_INSENSITIVE : 0),
    );
    const size = compiled.programSize();
    if (size > LARGEST_PROGRAM) return { expected: smallerText(size) };
    return { test: (text) => compiled.matcher(text).find(), size };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (TOO_LARGE.test(reason)) return { expected: smallerText(undefined) };
    return { expected: `a regular expression of POSIX (${reason})` };
  }
}

/** What RE2 says of programs that it does not even make, with repetitions in their bounds. */
const TOO_LARGE = /invalid repeat count|too large|nests too deeply/;

const BACK_REFERENCE: BadPattern = {
  expected: 'a regular expression without back-references (\\1), which take exponential time',
};
const UNENDED: BadPattern = { expected: 'a ] that ends the bracket expression' };

/** Characters that are ordinary in POSIX where RE2 has a meaning for them. */
function literal(char: string): string {
  return /[\\^$.|?*+()[\]{}]/.test(char) ? `\\${char}` : char;
}

/** What a dialect of POSIX makes of a character that is neither bracket nor backslash. */
interface Dialect {
  /** What stands behind a backslash, where it is not what GNU has in both dialects. */
  readonly operators: ReadonlySet<string>;
  /** @param atStart whether nothing stands before it in the whole, in its group or alternative */
  readonly plain: (pattern: string, at: number, atStart: boolean) => string | BadPattern;
}

/** In a basic expression `\(` `\)` `\{` `\}` are operators, and GNU's `\|` `\+` `\?`. */
const BASIC: Dialect = {
  operators: new Set('(){}|+?'),
  plain: (pattern, at, atStart) => {
    const char = pattern[at] as string;
    if (char === '*') return atStart ? '\\*' : '*';
    if (char === '^') return atStart ? '^' : '\\^';
    if (char === '$') return isEndOfBasic(pattern, at) ? '\\z' : '\\$';
    return char === '.' ? '.' : literal(char);
  },
};

const EXTENDED: Dialect = {
  operators: new Set(),
  plain: (pattern, at) => {
    const char = pattern[at] as string;
    if (char === '{' && !/^\{\d+(,\d*)?\}/.test(pattern.slice(at))) return '\\{';
    if (char === '$') return '\\z';
    if (char !== '?') return char;
    // a group that RE2 would take for one with options
    if (pattern[at - 1] === '(') return { expected: 'something before ?' };
    // behind another it adds nothing, and RE2 would take it for "as few as possible"
    return /(^|[^\\])[*+?}]$/.test(pattern.slice(0, at)) ? '' : char;
  },
};

function isEndOfBasic(pattern: string, at: number): boolean {
  const rest = pattern.slice(at + 1);
  return rest === '' || rest.startsWith('\\)') || rest.startsWith('\\|');
}

/** The same expression as RE2 writes it. */
function translate(pattern: string, { operators, plain }: Dialect): string | BadPattern {
  let out = '';
  let atStart = true;
  for (let k = 0; k < pattern.length; k++) {
    const char = pattern[k] as string;
    if (char === '[') {
      const bracket = readBracket(pattern, k);
      if (bracket === undefined) return UNENDED;
      out += bracket.source;
      k = bracket.end;
      atStart = false;
    } else if (char === '\\') {
      k += 1;
      const next = pattern[k] ?? '\\';
      if (/[1-9]/.test(next)) return BACK_REFERENCE;
      const isOperator = operators.has(next);
      out += isOperator ? next : escaped(next);
      atStart = isOperator && (next === '(' || next === '|');
    } else {
      const source = plain(pattern, k, atStart);
      if (typeof source !== 'string') return source;
      out += source;
      // behind an anchor is still the start
      if (char !== '^') atStart = false;
    }
  }
  return out;
}

/** What stands behind a backslash: GNU's classes, or the character itself. */
function escaped(char: string): string {
  switch (char) {
    case '<':
    case '>':
      return '\\b';
    case 'w':
    case 'W':
    case 's':
    case 'S':
    case 'b':
    case 'B':
      return `\\${char}`;
    default:
      return literal(char);
  }
}

/** `[…]` from `at`: a backslash is ordinary in it, a `]` that comes first too. */
function readBracket(
  pattern: string,
  at: number,
): { readonly source: string; readonly end: number } | undefined {
  const word = /^\[\[:[<>]:\]\]/.exec(pattern.slice(at));
  if (word) return { source: '\\b', end: at + word[0].length - 1 };
  let k = at + 1;
  let source = '[';
  if (pattern[k] === '^') {
    source += '^';
    k += 1;
  }
  for (let isFirst = true; k < pattern.length; isFirst = false) {
    const char = pattern[k] as string;
    if (char === ']' && !isFirst) return { source: `${source}]`, end: k };
    const named = /^\[:[a-z]+:\]/.exec(pattern.slice(k));
    if (named) {
      source += named[0];
      k += named[0].length;
      continue;
    }
    source += /[\\[\]^&~]/.test(char) ? `\\${char}` : char;
    k += 1;
  }
  return undefined;
}
