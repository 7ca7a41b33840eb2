import type { Value } from './answers.js';
import type { Line } from './line.js';
import type { ReadContext } from './set-reader.js';
import { ValueTable } from './values.js';

/** The one value of a `tset`: of all default lines in all files the first that can be read. */
export class FirstDefault {
  readonly #values: ValueTable;
  #isSet = false;

  constructor(context: ReadContext) {
    this.#values = new ValueTable(context);
  }

  get value(): Value {
    return this.#values.values[this.#values.default] as Value;
  }

  read(line: Line): void {
    if (!this.#isSet) this.#isSet = this.#values.readDefault(line);
  }
}
