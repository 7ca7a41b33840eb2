import { ACCESS, type AccessLayers, EXCLUDED, FIRST_ACCESS_ANSWER } from '../zone/zone-source.js';
import { readPrefix4 } from './addresses-4.js';
import { readPrefix6 } from './addresses-6.js';
import { type AnswerTable, ValueSets, answerOf } from './answers.js';
import { COLON, type Line } from './line.js';
import { Prefixes } from './prefixes.js';
import { type Layers, type ReadContext, type Scope, type SetReader, refuse } from './set-reader.js';
import { keepPrefix4, keepPrefix6 } from './tries.js';
import { ValueTable } from './values.js';

const EQUALS = 0x3d;

/** In rbldnsd's order; the first one that begins with the given letters is meant. */
const KEYWORDS: readonly (readonly [string, number])[] = [
  ['ignore', ACCESS.ignore],
  ['blackhole', ACCESS.ignore],
  ['refuse', ACCESS.refuse],
  ['empty', ACCESS.empty],
  ['pass', ACCESS.pass],
];

/** Prefixes of clients, and what becomes of their queries: a keyword, or a value for every one. */
export class AclReader implements SetReader {
  readonly #context: ReadContext;
  readonly #scope: Scope;
  readonly #values: ValueTable;
  readonly #prefixes4 = new Prefixes(4);
  readonly #prefixes6 = new Prefixes(6);
  readonly #words4 = new Uint32Array(1);
  readonly #words6 = new Uint32Array(4);
  readonly #groups = new Uint16Array(8);
  /** What entries without a value do: a code of ACCESS, or FIRST_ACCESS_ANSWER and a value. */
  #default: number = ACCESS.ignore;

  constructor(context: ReadContext, scope: Scope) {
    this.#context = context;
    this.#scope = scope;
    this.#values = new ValueTable(context);
  }

  startFile(name: string): void {
    this.#values.resetDefault();
    this.#default = ACCESS.ignore;
    this.#prefixes4.startFile(name);
    this.#prefixes6.startFile(name);
  }

  readLine(line: Line): void {
    const byte = line.peek();
    if (byte === EQUALS || (byte === COLON && line.peek(1) !== COLON)) {
      this.#readDefault(line);
      return;
    }
    const start = line.at;
    const bits4 = readPrefix4(line);
    if (bits4 >= 0 && line.isAtWordEnd()) {
      if (!keepPrefix4(this.#context, line, bits4, this.#words4)) return;
      this.#add(line, this.#prefixes4, this.#words4, bits4);
      return;
    }
    line.at = start;
    const bits6 = readPrefix6(line, this.#groups);
    if (bits6 >= 0 && line.isAtWordEnd()) {
      if (!keepPrefix6(this.#context, line, bits6, this.#groups, this.#words6)) return;
      this.#add(line, this.#prefixes6, this.#words6, bits6);
      return;
    }
    refuse(this.#context, line, 'an address or prefix of clients, IPv4 or IPv6');
  }

  /** Access layers are no layers of a zone: see {@link AclReader.finishAccess}. */
  finish(): Layers {
    return { addresses: [], names: [] };
  }

  finishAccess(answers: AnswerTable): AccessLayers {
    const { warnings } = this.#context;
    const answer = answerOf(new ValueSets(), this.#values.values, answers, this.#scope);
    const [v4, v6] = [this.#prefixes4, this.#prefixes6].map((prefixes) =>
      prefixes.flatten(
        (number) =>
          number < FIRST_ACCESS_ANSWER
            ? number
            : FIRST_ACCESS_ANSWER + answer(number - FIRST_ACCESS_ANSWER),
        ({ file, line }) => {
          warnings.addText(file, line, 'a prefix that was given before', 'each prefix once');
        },
      ),
    ) as [AccessLayers['v4'], AccessLayers['v6']];
    return { v4, v6 };
  }

  #readDefault(line: Line): void {
    const code = this.#readKeyword(line);
    if (code !== undefined) {
      if (code !== EXCLUDED) this.#default = code;
    } else if (this.#values.readDefault(line, this.#values.default)) {
      this.#default = FIRST_ACCESS_ANSWER + this.#values.default;
    }
  }

  #add(line: Line, prefixes: Prefixes, words: Uint32Array, bits: number): void {
    line.skipSpace();
    let number = this.#default;
    if (!line.isAtLineEnd()) {
      const code = this.#readKeyword(line);
      if (code === EXCLUDED) return;
      const value = code ?? this.#values.read(line);
      if (value < 0) return;
      number = code ?? FIRST_ACCESS_ANSWER + value;
    }
    this.#context.entries++;
    prefixes.add(words, bits, number, line.number);
  }

  /** The code of `=keyword` or `:keyword`; EXCLUDED where refused; undefined for another value. */
  #readKeyword(line: Line): number | undefined {
    const sign = line.peek();
    if (sign !== EQUALS && sign !== COLON) return undefined;
    const word = /^.([a-z]+)(?=[:#; \t]|$)/i.exec(line.rest())?.[1]?.toLowerCase();
    const keyword = KEYWORDS.find(([name]) => word !== undefined && name.startsWith(word));
    if (keyword !== undefined) return keyword[1];
    if (sign === COLON) return undefined;
    refuse(this.#context, line, 'ignore, blackhole, refuse, empty or pass');
    return EXCLUDED;
  }
}
