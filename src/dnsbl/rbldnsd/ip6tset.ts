import { EXCLUDED } from '../zone/zone-source.js';
import { packGroups, readWords6 } from './addresses-6.js';
import { type AnswerTable, ValueSets, answerOf } from './answers.js';
import { FirstDefault } from './first-default.js';
import { COLON, EXCLAMATION, type Line } from './line.js';
import { Prefixes } from './prefixes.js';
import { type Layers, type ReadContext, type Scope, type SetReader, refuse } from './set-reader.js';

/** IPv6 networks of 64 bits with one value for all, and single addresses left out of them. */
export class Ip6TsetReader implements SetReader {
  readonly #context: ReadContext;
  readonly #scope: Scope;
  readonly #default: FirstDefault;
  readonly #prefixes = new Prefixes(6);
  readonly #groups = new Uint16Array(8);
  readonly #words = new Uint32Array(4);

  constructor(context: ReadContext, scope: Scope) {
    this.#context = context;
    this.#scope = scope;
    this.#default = new FirstDefault(context);
  }

  startFile(): void {
    // the value of the first file's default line holds for all
  }

  readLine(line: Line): void {
    const byte = line.peek();
    if (byte === COLON) {
      this.#default.read(line);
      return;
    }
    const isExclusion = byte === EXCLAMATION;
    if (isExclusion) {
      line.at++;
      line.skipSpace();
    }
    const bits = readWords6(line, this.#groups);
    if (bits !== (isExclusion ? 128 : 64) || !line.isAtWordEnd()) {
      const expected = isExclusion
        ? 'a whole IPv6 address behind the exclamation mark'
        : 'the four words of a /64, as in 2001:db8:1:2';
      refuse(this.#context, line, expected);
      return;
    }
    packGroups(this.#groups, this.#words);
    this.#context.entries++;
    this.#prefixes.add(this.#words, bits, isExclusion ? EXCLUDED : 0, line.number);
  }

  finish(answers: AnswerTable): Layers {
    const answer = answerOf(new ValueSets(), [this.#default.value], answers, this.#scope);
    const layer = this.#prefixes.flatten(answer, () => undefined); // twice is once
    return { addresses: [layer], names: [] };
  }
}
