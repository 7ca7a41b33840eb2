/** A word of a rule file. */
export interface Token {
  readonly kind: 'word' | 'text' | 'pattern' | '(' | ')' | '=' | '$' | 'end';
  /** Of a text without its quotes; of a pattern with delimiters and flags. */
  readonly text: string;
  /** 1-based. */
  readonly line: number;
}

/**
 * Cuts a rule file into words as milter-regex(8) does: `#` begins a comment, a backslash at the end
 * of a line joins it with the next, a text stands in quotes, and whatever else begins with no letter
 * is a pattern between two of its first characters, with flags behind it.
 */
export function readTokens(file: string): Token[] {
  const reader = new TokenReader(file.replaceAll('\r\n', '\n'));
  const tokens: Token[] = [];
  do tokens.push(reader.next());
  while (tokens.at(-1)?.kind !== 'end');
  return tokens;
}

class TokenReader {
  readonly #file: string;
  #at = 0;
  #line = 1;

  constructor(file: string) {
    this.#file = file;
  }

  next(): Token {
    this.#skipSpace();
    const line = this.#line;
    const char = this.#peek();
    if (char === '') return { kind: 'end', text: '', line };
    if (char === '(' || char === ')' || char === '=' || char === '$') {
      this.#take();
      return { kind: char, text: char, line };
    }
    if (char === '"' || char === "'") {
      this.#take();
      const text = this.#takeWhile((next) => next !== char);
      const isEnded = this.#take() === char;
      return isEnded ? { kind: 'text', text, line } : { kind: 'word', text: char + text, line };
    }
    if (/[A-Za-z]/.test(char)) {
      return { kind: 'word', text: this.#takeWhile((next) => /[!-~]/.test(next)), line };
    }
    this.#take();
    const inside = this.#takeWhile((next) => next !== '\n' && next !== char);
    if (this.#peek() !== char) return { kind: 'pattern', text: char + inside, line };
    this.#take();
    const flags = this.#takeWhile((next) => /[A-Za-z]/.test(next));
    return { kind: 'pattern', text: char + inside + char + flags, line };
  }

  #skipSpace(): void {
    for (;;) {
      const char = this.#peek();
      if (char === '#') this.#takeWhile((next) => next !== '\n');
      else if (char === '' || !/\s/.test(char)) return;
      else this.#take();
    }
  }

  /** The next character, past backslashes at the ends of lines; empty at the end. */
  #peek(): string {
    while (this.#file.startsWith('\\\n', this.#at)) {
      this.#at += 2;
      this.#line += 1;
    }
    return this.#file[this.#at] ?? '';
  }

  #take(): string {
    const char = this.#peek();
    this.#at += char.length;
    if (char === '\n') this.#line += 1;
    return char;
  }

  #takeWhile(isPart: (char: string) => boolean): string {
    let text = '';
    for (let char = this.#peek(); char !== '' && isPart(char); char = this.#peek()) {
      text += this.#take();
    }
    return text;
  }
}
