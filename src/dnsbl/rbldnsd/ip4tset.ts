import { readOctets4 } from './addresses-4.js';
import { type AnswerTable, ValueSets, answerOf } from './answers.js';
import { COLON, type Line } from './line.js';
import { Entries4, layerOf4 } from './ranges-4.js';
import { type Layers, type ReadContext, type Scope, type SetReader, refuse } from './set-reader.js';
import { FirstDefault } from './first-default.js';

/** Single IPv4 addresses with one value for all of them. */
export class Ip4TsetReader implements SetReader {
  readonly #context: ReadContext;
  readonly #scope: Scope;
  readonly #default: FirstDefault;
  readonly #entries = new Entries4();

  constructor(context: ReadContext, scope: Scope) {
    this.#context = context;
    this.#scope = scope;
    this.#default = new FirstDefault(context);
  }

  startFile(): void {
    // the value of the first file's default line holds for all
  }

  readLine(line: Line): void {
    if (line.peek() === COLON) {
      this.#default.read(line);
    } else if (readOctets4(line) !== 32 || !line.isAtWordEnd()) {
      refuse(this.#context, line, 'a single IPv4 address such as 192.0.2.1');
    } else {
      this.#context.entries++;
      this.#entries.add(line.first, line.first, 0);
    }
  }

  readAddresses(addresses: Uint32Array): void {
    this.#context.entries += addresses.length;
    this.#entries.addSingles(addresses, 0);
  }

  finish(answers: AnswerTable): Layers {
    const sets = new ValueSets();
    const answer = answerOf(sets, [this.#default.value], answers, this.#scope);
    return { addresses: [layerOf4(this.#entries.flatten(sets), answer)], names: [] };
  }
}
