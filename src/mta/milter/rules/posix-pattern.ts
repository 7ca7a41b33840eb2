import { RE2JS } from 're2js';

/** A pattern that cannot be used, and why. */
export interface BadPattern {
  readonly expected: string;
}

/** Whether a text matches. */
export type TextTest = (text: string) => boolean;

/**
 * Compiles a regular expression of POSIX, basic or extended (re_format(7)), for an engine that is
 * linear in the length of the text, whatever a stranger sends (RE2). Without back-references,
 * which no such engine has. `.` and `[^x]` match line breaks, as regexec(3) does.
 */
export function compilePattern(
  pattern: string,
  flags: { readonly isExtended: boolean; readonly ignoresCase: boolean },
): TextTest | BadPattern {
  const source = flags.isExtended ? fromExtended(pattern) : fromBasic(pattern);
  if (typeof source !== 'string') return source;
  try {
    const compiled = RE2JS.compile(
      source,
      RE2JS.DOTALL | (flags.ignoresCase ? RE2JS.CASE_INSENSITIVE : 0),
    );
    return (text) => compiled.matcher(text).find();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { expected: `a regular expression of POSIX (${reason})` };
  }
}

const BACK_REFERENCE: BadPattern = {
  expected: 'a regular expression without back-references (\\1), which take exponential time',
};
const UNENDED: BadPattern = { expected: 'a ] that ends the bracket expression' };

/** Characters that are ordinary in POSIX where RE2 has a meaning for them. */
function literal(char: string): string {
  return /[\\^$.|?*+()[\]{}]/.test(char) ? `\\${char}` : char;
}

/** In a basic expression `\(` `\)` `\{` `\}` are operators, and GNU's `\|` `\+` `\?`. */
function fromBasic(pattern: string): string | BadPattern {
  let out = '';
  // where * and ^ are ordinary or not: at the start of the whole or of a group
  let atStart = true;
  for (let k = 0; k < pattern.length; k++) {
    const char = pattern[k] as string;
    if (char === '[') {
      const bracket = readBracket(pattern, k);
      if (bracket === undefined) return UNENDED;
      out += bracket.source;
      k = bracket.end;
    } else if (char === '\\') {
      k += 1;
      const next = pattern[k] ?? '\\';
      if (/[1-9]/.test(next)) return BACK_REFERENCE;
      out += BASIC_OPERATORS.get(next) ?? escaped(next);
      atStart = next === '(' || next === '|';
      continue;
    } else if (char === '*') out += atStart ? '\\*' : '*';
    else if (char === '^') {
      out += atStart ? '^' : '\\^';
      continue;
    } else if (char === '$') out += isEndOfBasic(pattern, k) ? '\\z' : '\\$';
    else out += char === '.' ? '.' : literal(char);
    atStart = false;
  }
  return out;
}

const BASIC_OPERATORS = new Map(
  ['(', ')', '{', '}', '|', '+', '?'].map((char) => [char, char] as const),
);

function isEndOfBasic(pattern: string, at: number): boolean {
  const rest = pattern.slice(at + 1);
  return rest === '' || rest.startsWith('\\)') || rest.startsWith('\\|');
}

function fromExtended(pattern: string): string | BadPattern {
  let out = '';
  for (let k = 0; k < pattern.length; k++) {
    const char = pattern[k] as string;
    if (char === '[') {
      const bracket = readBracket(pattern, k);
      if (bracket === undefined) return UNENDED;
      out += bracket.source;
      k = bracket.end;
    } else if (char === '\\') {
      k += 1;
      const next = pattern[k] ?? '\\';
      if (/[1-9]/.test(next)) return BACK_REFERENCE;
      out += escaped(next);
    } else if (char === '{' && !/^\{\d+(,\d*)?\}/.test(pattern.slice(k))) out += '\\{';
    else if (char === '$') out += '\\z';
    // a group that RE2 would take for one with options
    else if (char === '?' && pattern[k - 1] === '(') return { expected: 'something before ?' };
    // behind another it adds nothing, and RE2 would take it for "as few as possible"
    else if (char !== '?' || !/(^|[^\\])[*+?}]$/.test(pattern.slice(0, k))) out += char;
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
