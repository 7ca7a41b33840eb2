import { EXCLUDED } from '../zone/zone-source.js';
import { hostMask4, readRange4 } from './addresses-4.js';
import { type AnswerTable, ValueSets, answerOf } from './answers.js';
import { COLON, EXCLAMATION, type Line } from './line.js';
import { Entries4, layerOf4, overlay } from './ranges-4.js';
import {
  type Layers,
  type ReadContext,
  type Scope,
  type SetReader,
  isAllowed4,
  refuse,
} from './set-reader.js';
import { ValueTable } from './values.js';

/**
 * IPv4 addresses, prefixes and ranges. What decides is not the longest prefix: rbldnsd divides
 * every entry into whole /8, /16 and /24 networks and single addresses, and the smallest kind
 * that holds an address decides, with the values of all its entries, or with an exclusion.
 */
export class Ip4SetReader implements SetReader {
  readonly #context: ReadContext;
  readonly #scope: Scope;
  readonly #values: ValueTable;
  /** Single addresses, /24, /16 and /8 networks. */
  readonly #levels = [new Entries4(), new Entries4(), new Entries4(), new Entries4()] as const;

  constructor(context: ReadContext, scope: Scope) {
    this.#context = context;
    this.#scope = scope;
    this.#values = new ValueTable(context);
  }

  startFile(): void {
    this.#values.resetDefault();
  }

  readLine(line: Line): void {
    const byte = line.peek();
    if (byte === COLON) {
      this.#values.readDefault(line);
      return;
    }
    const isExclusion = byte === EXCLAMATION;
    if (isExclusion) {
      line.at++;
      line.skipSpace();
    }
    const bits = readRange4(line);
    if (bits <= 0 || !line.isAtWordEnd()) {
      refuse(this.#context, line, 'an IPv4 address, a prefix from /1 to /32, or a range');
      return;
    }
    if (!isAllowed4(this.#context, line, hostMask4(bits))) return;
    const { first, last } = line;
    const value = isExclusion ? EXCLUDED : this.#values.read(line);
    if (value < 0) return;
    this.#context.entries++;
    if (first === last) this.#levels[0].add(first, last, value);
    else this.#divide(first, last, value);
  }

  readAddresses(addresses: Uint32Array): void {
    this.#context.entries += addresses.length;
    this.#levels[0].addSingles(addresses, this.#values.default);
  }

  finish(answers: AnswerTable): Layers {
    const sets = new ValueSets();
    const [singles, networks24, networks16, networks8] = this.#levels;
    let ranges = singles.flatten(sets);
    for (const level of [networks24, networks16, networks8]) {
      ranges = overlay(ranges, level.flatten(sets));
    }
    const layer = layerOf4(ranges, answerOf(sets, this.#values.values, answers, this.#scope));
    return { addresses: [layer], names: [] };
  }

  /** Adds the parts of a range that begin or end within a network to the level below it. */
  #divide(first: number, last: number, value: number): void {
    let from = first;
    let to = last + 1; // 2³² at most: a double, not a word
    for (const [depth, level] of this.#levels.entries()) {
      const size = 256 ** (depth + 1);
      const wholeFrom = depth === 3 ? to : Math.ceil(from / size) * size;
      const wholeTo = depth === 3 ? to : Math.floor(to / size) * size;
      if (wholeFrom >= wholeTo) {
        level.add(from, to - 1, value);
        return;
      }
      if (from < wholeFrom) level.add(from, wholeFrom - 1, value);
      if (wholeTo < to) level.add(wholeTo, to - 1, value);
      from = wholeFrom;
      to = wholeTo;
    }
  }
}
