import { LONGEST_NAME } from '../wire/name.js';
import { EXCLUDED, NAME_KIND } from '../zone/zone-source.js';
import { type AnswerTable, ValueSets, answerOf } from './answers.js';
import { writeName } from './domain-name.js';
import { COLON, EXCLAMATION, type Line, isSpace } from './line.js';
import { NameTable } from './name-table.js';
import { type Layers, type ReadContext, type Scope, type SetReader, refuse } from './set-reader.js';
import { ValueTable } from './values.js';

const DOT = 0x2e;
const STAR = 0x2a;

/** Names: `name`, `*.name` for all below it, `.name` for both. */
export class DnsetReader implements SetReader {
  readonly #context: ReadContext;
  readonly #scope: Scope;
  readonly #values: ValueTable;
  readonly #sets = new ValueSets();
  readonly #names = new NameTable();
  readonly #name = new Uint8Array(LONGEST_NAME + 1);

  constructor(context: ReadContext, scope: Scope) {
    this.#context = context;
    this.#scope = scope;
    this.#values = new ValueTable(context);
  }

  startFile(): void {
    this.#values.resetDefault();
  }

  readLine(line: Line): void {
    if (line.peek() === COLON) {
      this.#values.readDefault(line);
      return;
    }
    const isExclusion = line.peek() === EXCLAMATION;
    if (isExclusion) {
      line.at++;
      line.skipSpace();
    }
    const isBoth = line.peek() === DOT;
    const isWildcard = line.peek() === STAR && line.peek(1) === DOT;
    line.at += isBoth ? 1 : isWildcard ? 2 : 0;
    const length = readName(line, this.#name);
    if (length <= 1) {
      refuse(this.#context, line, 'a domain name, *.name or .name');
      return;
    }
    const value = isExclusion ? EXCLUDED : this.#values.read(line);
    if (value < 0) return;
    this.#context.entries++;
    if (!isWildcard) this.#add(length - 1, NAME_KIND.exact, value);
    if (isWildcard || isBoth) this.#add(length - 1, NAME_KIND.wildcard, value);
  }

  finish(answers: AnswerTable): Layers {
    const answer = answerOf(this.#sets, this.#values.values, answers, this.#scope);
    const layer = this.#names.layer('listings', (set) =>
      set === EXCLUDED ? EXCLUDED : answer(set),
    );
    return { addresses: [], names: [layer] };
  }

  #add(length: number, kind: number, value: number): void {
    const index = this.#names.place(this.#name, length, kind);
    const set = this.#names.isNew ? value : this.#sets.with(this.#names.numberOf(index), value);
    this.#names.setNumber(index, set);
  }
}

/** The word at the line's place as a name, written to `out`; its length with the root, 0 for none. */
export function readName(line: Line, out: Uint8Array): number {
  const start = line.at;
  while (line.at < line.end && !isSpace(line.peek())) line.at++;
  if (line.at === start) return 0;
  return writeName(line.bytes, start, line.at, out);
}
